//! The picture as text: no script, no font, nothing from elsewhere. It has the colours of its viewer, light or dark.

use std::fmt::Write as _;

use super::describe::{LINE_HEIGHT, counted, text_width};
use super::graph::{Graph, Node, Tie};
use super::layout::{Layout, MARGIN, Rect, TEXT_INSET, heading};
use super::routing::Wire;

/// The colours, of paper, text and each kind; and what tells the lines apart without colours.
const STYLE: &str = "\
svg{font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}
.paper{fill:#fff}text{fill:#1f2328}.name,.heading{font-weight:bold}.heading{font-size:15px}.faint{fill:#59636e}
.box{fill:#f6f8fa;stroke:#818b98}.wire{fill:none;stroke-width:1.6;stroke-linejoin:round}
.part{stroke:#57606a}.on{stroke:#0969da;stroke-dasharray:6 3}.pair{stroke:#8250df;stroke-dasharray:2 3}
.mark{fill:#818b98}.ethernets .mark{fill:#1f2328}.bonds .mark{fill:#bc4c00}.bridges .mark{fill:#1a7f37}
.vlans .mark{fill:#0969da}.vrfs .mark{fill:#bf3989}.tunnels .mark{fill:#9a6700}.virtual-ethernets .mark{fill:#8250df}
@media (prefers-color-scheme:dark){.paper{fill:#0d1117}text{fill:#f0f6fc}.faint{fill:#9198a1}
.box{fill:#151b23;stroke:#656c76}.part{stroke:#b1bac4}.on{stroke:#58a6ff}.pair{stroke:#bc8cff}
.ethernets .mark{fill:#f0f6fc}.vlans .mark{fill:#58a6ff}.virtual-ethernets .mark{fill:#bc8cff}}
";

/// What the lines mean.
const LEGEND: [(Tie, &str, &str); 3] = [
    (Tie::Part, "part", "is a part of what is to its right"),
    (Tie::On, "on", "carries what is to its right"),
    (Tie::Pair, "pair", "the ends of a pair"),
];

/// The picture.
pub fn svg(graph: &Graph, layout: &Layout) -> String {
    let Layout { width, height, .. } = layout;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-labelledby=\"title desc\">\n"
    );
    let drawn = counted(graph.kinds.iter().map(|(kind, drawn, _)| (*kind, *drawn)));
    let left_out = counted(graph.kinds.iter().map(|(kind, _, left_out)| (*kind, *left_out)));
    let sum = if drawn.is_empty() {
        "no devices".to_owned()
    } else {
        drawn
    };
    let lines = match left_out.is_empty() {
        true => vec![sum],
        false => vec![sum, format!("not drawn: {left_out}")],
    };
    let _ = write!(
        svg,
        "<title id=\"title\">The network as it will be</title>\n<desc id=\"desc\">{}.</desc>\n<style>\n{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n",
        lines.join("; ")
    );
    let title = "The network as it will be";
    let _ = writeln!(svg, "<text class=\"heading\" x=\"{MARGIN}\" y=\"28\">{title}</text>");
    for (y, line) in [48, 68].into_iter().zip(lines) {
        let _ = writeln!(svg, "<text class=\"faint\" x=\"{MARGIN}\" y=\"{y}\">{line}</text>");
    }
    legend(graph, &mut svg);
    for wire in &layout.wires {
        line(graph, wire, &mut svg);
    }
    for (node, place) in graph.nodes.iter().zip(&layout.boxes) {
        device(node, place, &mut svg);
    }
    svg + "</svg>\n"
}

/// The kinds of lines that occur.
fn legend(graph: &Graph, svg: &mut String) {
    let mut x = MARGIN;
    let y = heading(graph) - 24;
    for (_, class, words) in LEGEND
        .iter()
        .filter(|(tie, ..)| graph.edges.iter().any(|edge| edge.tie == *tie))
    {
        let _ = writeln!(
            svg,
            "<path class=\"wire {class}\" d=\"M{x} {}h36\"/><text x=\"{}\" y=\"{y}\">{words}</text>",
            y - 4,
            x + 44
        );
        x += 44 + text_width(words) + 28;
    }
}

fn line(graph: &Graph, wire: &Wire, svg: &mut String) {
    let edge = &graph.edges[wire.edge];
    let (below, above) = (&graph.nodes[edge.below].name, &graph.nodes[edge.above].name);
    let (class, words) = match edge.tie {
        Tie::Part => ("part", "is a part of"),
        Tie::On => ("on", "carries"),
        Tie::Pair => ("pair", "is the other end of"),
    };
    let mut way = String::new();
    for (number, (x, y)) in wire.corners.iter().enumerate() {
        let _ = write!(way, "{}{x} {y}", if number == 0 { "M" } else { "L" });
    }
    let _ = writeln!(
        svg,
        "<path class=\"wire {class}\" d=\"{way}\"><title>{} {words} {}</title></path>",
        escaped(below),
        escaped(above)
    );
}

fn device(node: &Node, place: &Rect, svg: &mut String) {
    let Rect { x, y, width, height } = place;
    let (left, right) = (x + TEXT_INSET, x + width - TEXT_INSET);
    let mut base = y + LINE_HEIGHT + 2;
    let _ = writeln!(
        svg,
        "<g class=\"{}\"><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\"/>\
         <rect class=\"mark\" x=\"{x}\" y=\"{y}\" width=\"4\" height=\"{height}\"/>",
        node.kind
    );
    let _ = writeln!(
        svg,
        "<text class=\"name\" x=\"{left}\" y=\"{base}\">{}</text>\
         <text class=\"faint\" x=\"{right}\" y=\"{base}\" text-anchor=\"end\">{}</text>",
        escaped(&node.name),
        escaped(&node.what)
    );
    for line in &node.lines {
        base += LINE_HEIGHT;
        let _ = writeln!(svg, "<text x=\"{left}\" y=\"{base}\">{}</text>", escaped(line));
    }
    svg.push_str("</g>\n");
}

/// Text of a document as XML has it. What XML can't hold becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
