//! Where everything is: layers from left to right, as Sugiyama, Tagawa and Toda draw them ("Methods for Visual
//! Understanding of Hierarchical System Structures", 1981). Devices that have to do with each other make a band; the bands
//! are below each other, and the devices on their own stand in rows at the end.

use std::collections::BTreeMap;

use super::describe::{LINE_HEIGHT, text_width};
use super::graph::{Edge, Graph, Node, Tie, components};
use super::routing::{Band, LANE, Wire};

/// The room above and below the lines of a box.
const BOX_PADDING: i32 = 6;

/// The room between a line and the sides of its box.
pub const TEXT_INSET: i32 = 12;

/// The room between two boxes in a column.
const BOX_GAP: i32 = 10;

/// The room between two bands.
const BAND_GAP: i32 = 26;

/// The room between two columns, without the lanes for lines.
const COLUMN_GAP: i32 = 28;

/// The room around everything.
pub const MARGIN: i32 = 16;

/// The height of the picture's heading: two lines, one more for what is left out, and one for what the lines mean.
pub fn heading(graph: &Graph) -> i32 {
    let is_whole = graph.kinds.iter().all(|(.., left_out)| *left_out == 0);
    let more = [!is_whole, !graph.edges.is_empty()];
    let more: i32 = more.map(i32::from).iter().sum();
    72 + 20 * more
}

/// The width that devices on their own may take.
const ROW_WIDTH: i32 = 880;

/// How often the columns are sorted and moved by their neighbours.
const SWEEPS: usize = 12;

/// What is higher than this is not seen at once: what has many neighbours stands beside the first of them, not in their
/// middle.
const SCREEN: f64 = 700.0;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// The left side.
    pub x: i32,
    /// The upper side.
    pub y: i32,
    /// Its width.
    pub width: i32,
    /// Its height.
    pub height: i32,
}

/// Where everything is.
#[derive(Debug)]
pub struct Layout {
    /// The width of the picture.
    pub width: i32,
    /// The height of the picture.
    pub height: i32,
    /// The boxes, as many as nodes.
    pub boxes: Vec<Rect>,
    /// The lines, as many as edges.
    pub wires: Vec<Wire>,
}

/// What stands in a column: a device, or lines of one hub that pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// The device of this number.
    Device(usize),
    /// The lines of this hub, by its number, through the column.
    Pass((usize, Tie), usize),
}

/// A cell in its column.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    /// What it is.
    pub cell: Cell,
    /// Its upper side.
    pub top: f64,
    /// Its height.
    pub height: f64,
}

impl Placed {
    /// The middle of its height.
    fn middle(&self) -> f64 {
        self.top + self.height / 2.0
    }
}

/// The columns of a band, each from top to bottom.
pub type Columns = Vec<Vec<Placed>>;

/// Places everything.
pub fn lay_out(graph: &Graph) -> Layout {
    let (mut bands, mut alone) = (Vec::new(), Vec::new());
    for component in components(graph.nodes.len(), &graph.edges) {
        match component.as_slice() {
            [node] => alone.push(*node),
            _ => bands.push(Band::of(graph, columns_of(graph, component))),
        }
    }
    let mut widths = vec![0; bands.iter().map(|band| band.columns.len()).max().unwrap_or(0)];
    for (node, column) in bands.iter().flat_map(Band::devices) {
        widths[column] = widths[column].max(width(&graph.nodes[node]));
    }
    let pairs = bands.iter().map(|band| band.pair_lanes).max().unwrap_or(0);
    let mut x = MARGIN + if pairs > 0 { LANE * (pairs + 1) } else { 0 };
    let mut lefts = Vec::new();
    for (column, width) in widths.iter().enumerate() {
        lefts.push(x);
        let lanes = bands.iter().map(|band| band.lanes(column)).max().unwrap_or(0);
        x += width + COLUMN_GAP + LANE * lanes;
    }
    let sides: Vec<(i32, i32)> = lefts.into_iter().zip(widths).collect();

    let nothing = Rect {
        x: 0,
        y: 0,
        width: 0,
        height: 0,
    };
    let mut boxes = vec![nothing; graph.nodes.len()];
    let mut wires = Vec::new();
    let mut y = heading(graph);
    for band in &bands {
        for (node, column) in band.devices() {
            let (x, width) = sides[column];
            boxes[node] = Rect {
                x,
                y: y + band.top(node),
                width,
                height: height(&graph.nodes[node]),
            };
        }
        wires.extend(band.wires(graph, &sides, y));
        y += band.height() + BAND_GAP;
    }
    let drawn = boxes.iter().map(|it| it.x + it.width).max().unwrap_or(0);
    rows(graph, &alone, drawn, &mut y, &mut boxes);
    wires.sort_by_key(|wire| wire.edge);
    let right = boxes.iter().map(|it| it.x + it.width).max().unwrap_or(0);
    Layout {
        width: right.max(ROW_WIDTH) + MARGIN,
        height: y - BAND_GAP.min(y) + MARGIN,
        boxes,
        wires,
    }
}

/// Puts devices on their own into rows, from `y` on.
fn rows(graph: &Graph, alone: &[usize], drawn: i32, y: &mut i32, boxes: &mut [Rect]) {
    let Some(width) = alone.iter().map(|node| width(&graph.nodes[*node])).max() else {
        return;
    };
    let room = ROW_WIDTH.max(drawn) - MARGIN + BOX_GAP;
    let many = usize::try_from(room / (width + BOX_GAP)).unwrap_or(1).max(1);
    for row in alone.chunks(many) {
        let mut x = MARGIN;
        let mut highest = 0;
        for &node in row {
            let height = height(&graph.nodes[node]);
            boxes[node] = Rect {
                x,
                y: *y,
                width,
                height,
            };
            highest = highest.max(height);
            x += width + BOX_GAP;
        }
        *y += highest + BOX_GAP;
    }
    *y += BAND_GAP - BOX_GAP;
}

/// How wide the box of a device must be.
fn width(node: &Node) -> i32 {
    let head = text_width(&node.name) + text_width("  ") + text_width(&node.what);
    let lines = node.lines.iter().map(|line| text_width(line));
    lines.chain([head]).max().unwrap_or(0) + 2 * TEXT_INSET
}

/// How high the box of a device is.
fn height(node: &Node) -> i32 {
    let lines = i32::try_from(node.lines.len()).unwrap_or(0) + 1;
    lines * LINE_HEIGHT + 2 * BOX_PADDING
}

/// The columns of devices that have to do with each other, and of the lines that pass between them.
fn columns_of(graph: &Graph, mut component: Vec<usize>) -> Columns {
    component.sort_unstable();
    let column = |node: usize| graph.nodes[node].column;
    let many = component.iter().map(|node| column(*node)).max().unwrap_or(0) + 1;
    let mut columns: Columns = vec![Vec::new(); many];
    for &node in &component {
        let height = f64::from(height(&graph.nodes[node]));
        columns[column(node)].push(Placed {
            cell: Cell::Device(node),
            top: 0.0,
            height,
        });
    }
    let own = |edge: &&Edge| component.binary_search(&edge.below).is_ok() && edge.tie != Tie::Pair;
    let mut spans = BTreeMap::<(usize, Tie), (usize, usize)>::new();
    for edge in graph.edges.iter().filter(own) {
        let (from, to) = (column(edge.below), column(edge.above));
        let span = spans.entry((edge.hub(), edge.tie)).or_insert((from, to));
        *span = (span.0.min(from), span.1.max(to));
    }
    for (net, (from, to)) in spans {
        for (number, passed) in columns.iter_mut().enumerate().take(to).skip(from + 1) {
            passed.push(Placed {
                cell: Cell::Pass(net, number),
                top: 0.0,
                height: 1.0,
            });
        }
    }
    arrange(graph, &mut columns);
    columns
}

/// The cells in the column to the left and in the column to the right that each is connected with.
fn neighbours(graph: &Graph, columns: &Columns) -> BTreeMap<Cell, [Vec<Cell>; 2]> {
    let mut near: BTreeMap<Cell, [Vec<Cell>; 2]> = BTreeMap::new();
    let all = columns.iter().flatten();
    near.extend(all.map(|placed| (placed.cell, [Vec::new(), Vec::new()])));
    for edge in &graph.edges {
        let path = path(graph, edge);
        for (left, right) in path.iter().zip(path.iter().skip(1)) {
            let mut connect = |cell: &Cell, side: usize, other: &Cell| {
                if let Some(sides) = near.get_mut(cell)
                    && !sides[side].contains(other)
                {
                    sides[side].push(*other);
                }
            };
            connect(left, 1, right);
            // Both ends of a pair are in the first column.
            connect(right, if edge.tie == Tie::Pair { 1 } else { 0 }, left);
        }
    }
    near
}

/// The cells that a line goes through, from left to right.
pub fn path(graph: &Graph, edge: &Edge) -> Vec<Cell> {
    let net = (edge.hub(), edge.tie);
    let between = graph.nodes[edge.below].column + 1..graph.nodes[edge.above].column;
    let passes = between.map(|column| Cell::Pass(net, column));
    let ends = [Cell::Device(edge.below), Cell::Device(edge.above)];
    [ends[0]].into_iter().chain(passes).chain([ends[1]]).collect()
}

/// Sorts the columns and moves what is in them, so that connected cells are near each other.
fn arrange(graph: &Graph, columns: &mut Columns) {
    let near = neighbours(graph, columns);
    for column in columns.iter_mut() {
        let wanted = vec![0.0; column.len()];
        stack(column, &wanted);
    }
    let many = columns.len();
    let is_high = columns
        .iter()
        .any(|column| column.last().is_some_and(|last| last.top > SCREEN));
    for sweep in 0..SWEEPS {
        let rightward = sweep % 2 == 0;
        let to_first = is_high && sweep + 1 == SWEEPS;
        let placed = columns.iter().flatten();
        let mut middles: BTreeMap<Cell, f64> = placed.map(|placed| (placed.cell, placed.middle())).collect();
        for step in 0..many {
            let column = &mut columns[if rightward { step } else { many - 1 - step }];
            let wanted = |placed: &Placed| {
                let around = &near[&placed.cell][usize::from(!rightward)];
                let sum: f64 = around.iter().map(|cell| middles[cell]).sum();
                if around.is_empty() {
                    placed.middle()
                } else if to_first {
                    around.iter().map(|cell| middles[cell]).fold(f64::INFINITY, f64::min)
                } else {
                    sum / around.len() as f64
                }
            };
            let mut sorted: Vec<(f64, Placed)> = column.iter().map(|placed| (wanted(placed), *placed)).collect();
            sorted.sort_by(|one, two| one.0.total_cmp(&two.0));
            let tops: Vec<f64> = sorted
                .iter()
                .map(|(middle, placed)| middle - placed.height / 2.0)
                .collect();
            *column = sorted.into_iter().map(|(_, placed)| placed).collect();
            stack(column, &tops);
            middles.extend(column.iter().map(|placed| (placed.cell, placed.middle())));
        }
    }
    let tops = columns.iter().flatten().map(|placed| placed.top);
    let highest = tops.fold(f64::INFINITY, f64::min);
    for placed in columns.iter_mut().flatten() {
        placed.top = (placed.top - highest).round();
    }
}

/// Moves the cells of a column as near to where they want to be as their order and heights allow: least squares, by
/// pooling neighbours that would overlap.
fn stack(column: &mut [Placed], wanted: &[f64]) {
    let mut offsets = Vec::new();
    let mut offset = 0.0;
    for placed in column.iter() {
        offsets.push(offset);
        offset += placed.height + f64::from(BOX_GAP);
    }
    // Each pool: the sum of what its cells want, and their number.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (top, offset) in wanted.iter().zip(&offsets) {
        let mut pool = (top - offset, 1);
        while let Some(&(sum, many)) = pools.last()
            && sum / many as f64 >= pool.0 / pool.1 as f64
        {
            pool = (pool.0 + sum, pool.1 + many);
            pools.pop();
        }
        pools.push(pool);
    }
    let common = pools
        .iter()
        .flat_map(|(sum, many)| std::iter::repeat_n(sum / *many as f64, *many));
    for ((placed, top), offset) in column.iter_mut().zip(common).zip(offsets) {
        placed.top = top + offset;
    }
}
