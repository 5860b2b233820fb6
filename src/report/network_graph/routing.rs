//! The lines between boxes: level and upright, those of one hub together, no two hubs' in one lane.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Tie};
use super::layout::{Cell, Columns, path};

/// The room between two upright lines.
pub const LANE: i32 = 10;

/// How far from a column its first lane is.
const FIRST_LANE: i32 = 14;

/// What shares lines: a hub and what the others are to it.
type Net = (usize, Tie);

/// The side of a cell that lines come out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Left,
    Right,
}

/// A line.
#[derive(Debug)]
pub struct Wire {
    /// The number of its edge.
    pub edge: usize,
    /// Its corners, from the device below to the one above.
    pub corners: Vec<(i32, i32)>,
}

/// Devices that have to do with each other, in their places; the upper side is 0.
#[derive(Debug)]
pub struct Band {
    /// The columns.
    pub columns: Columns,
    /// How many lanes the pairs take, in front of the first column.
    pub pair_lanes: i32,
    /// The upper side and the height of each cell.
    places: BTreeMap<Cell, (i32, i32)>,
    /// Where a net's line comes out of a cell.
    ports: BTreeMap<(Cell, Side, Net), i32>,
    /// The lane of each net behind each column; none where its line is straight.
    lanes: BTreeMap<(usize, Net), i32>,
}

/// Where the lines of a net arrive between two columns.
#[derive(Debug, Default)]
struct Ends {
    left: BTreeSet<i32>,
    right: BTreeSet<i32>,
}

impl Ends {
    fn span(&self) -> (i32, i32) {
        let all = || self.left.iter().chain(&self.right).copied();
        (all().min().unwrap_or(0), all().max().unwrap_or(0))
    }

    fn is_straight(&self) -> bool {
        let (from, to) = self.span();
        from == to
    }
}

impl Band {
    /// Finds the way of each line.
    pub fn of(graph: &Graph, columns: Columns) -> Self {
        let all = columns.iter().flatten();
        let places = all.map(|placed| (placed.cell, (placed.top as i32, placed.height as i32)));
        let mut band = Self {
            places: places.collect(),
            columns,
            pair_lanes: 0,
            ports: BTreeMap::new(),
            lanes: BTreeMap::new(),
        };
        band.set_ports(graph);
        band.set_lanes(graph);
        band
    }

    /// The devices, each with its column.
    pub fn devices(&self) -> impl Iterator<Item = (usize, usize)> {
        let numbered = self.columns.iter().enumerate();
        numbered.flat_map(|(column, cells)| {
            cells.iter().filter_map(move |placed| match placed.cell {
                Cell::Device(node) => Some((node, column)),
                Cell::Pass(..) => None,
            })
        })
    }

    /// The upper side of a device.
    pub fn top(&self, node: usize) -> i32 {
        self.places.get(&Cell::Device(node)).map_or(0, |(top, _)| *top)
    }

    /// The height of everything.
    pub fn height(&self) -> i32 {
        self.places
            .values()
            .map(|(top, height)| top + height)
            .max()
            .unwrap_or(0)
    }

    /// How many lanes there are behind a column.
    pub fn lanes(&self, column: usize) -> i32 {
        let here = self
            .lanes
            .iter()
            .filter(|((lane, (_, tie)), _)| *lane == column && *tie != Tie::Pair);
        here.map(|(_, lane)| lane + 1).max().unwrap_or(0)
    }

    fn middle(&self, cell: Cell) -> i32 {
        self.places.get(&cell).map_or(0, |(top, height)| top + height / 2)
    }

    /// The steps of all lines from one column to the next: column, net, left and right cell.
    fn steps(&self, graph: &Graph) -> BTreeSet<(usize, Net, Cell, Cell)> {
        let own = graph
            .edges
            .iter()
            .filter(|edge| self.places.contains_key(&Cell::Device(edge.below)));
        own.flat_map(|edge| {
            let path = path(graph, edge);
            let first = graph.nodes[edge.below].column;
            let pairs = path.clone().into_iter().zip(path.into_iter().skip(1)).enumerate();
            pairs.map(move |(step, (left, right))| (first + step, (edge.hub(), edge.tie), left, right))
        })
        .collect()
    }

    /// Spreads the lines of different nets over the side of a box, in the order of where they go.
    fn set_ports(&mut self, graph: &Graph) {
        let mut sides: BTreeMap<(Cell, Side), BTreeMap<Net, Vec<i32>>> = BTreeMap::new();
        for (_, net, left, right) in self.steps(graph) {
            let mut arrive = |cell, side, other| {
                let nets = sides.entry((cell, side)).or_default();
                nets.entry(net).or_default().push(self.middle(other));
            };
            let pair = net.1 == Tie::Pair;
            arrive(left, if pair { Side::Left } else { Side::Right }, right);
            arrive(right, Side::Left, left);
        }
        for ((cell, side), nets) in sides {
            let many = i32::try_from(nets.len()).unwrap_or(1);
            let mean = |all: &[i32]| all.iter().sum::<i32>() / i32::try_from(all.len()).unwrap_or(1).max(1);
            let mut nets: Vec<(i32, Net)> = nets.into_iter().map(|(net, others)| (mean(&others), net)).collect();
            nets.sort_unstable();
            let (top, height) = self.places.get(&cell).copied().unwrap_or_default();
            for (number, (_, net)) in (1..).zip(nets) {
                self.ports.insert((cell, side, net), top + height * number / (many + 1));
            }
        }
    }

    fn port(&self, cell: Cell, side: Side, net: Net) -> i32 {
        self.ports.get(&(cell, side, net)).copied().unwrap_or_default()
    }

    fn set_lanes(&mut self, graph: &Graph) {
        let mut gaps: BTreeMap<usize, BTreeMap<Net, Ends>> = BTreeMap::new();
        let mut pairs: BTreeMap<Net, Ends> = BTreeMap::new();
        for (column, net, left, right) in self.steps(graph) {
            if net.1 == Tie::Pair {
                let ends = pairs.entry(net).or_default();
                ends.left
                    .extend([self.port(left, Side::Left, net), self.port(right, Side::Left, net)]);
            } else {
                let ends = gaps.entry(column).or_default().entry(net).or_default();
                ends.left.insert(self.port(left, Side::Right, net));
                ends.right.insert(self.port(right, Side::Left, net));
            }
        }
        for (net, lane) in lanes(&pairs) {
            self.pair_lanes = self.pair_lanes.max(lane + 1);
            self.lanes.insert((0, net), lane);
        }
        for (column, nets) in gaps {
            let found = lanes(&nets);
            self.lanes
                .extend(found.into_iter().map(|(net, lane)| ((column, net), lane)));
        }
    }

    /// The lines, where the columns have these left sides and widths, and the band begins at `y`.
    pub fn wires(&self, graph: &Graph, sides: &[(i32, i32)], y: i32) -> Vec<Wire> {
        let numbered = graph.edges.iter().enumerate();
        let own = numbered.filter(|(_, edge)| self.places.contains_key(&Cell::Device(edge.below)));
        own.map(|(number, edge)| {
            let net = (edge.hub(), edge.tie);
            let cells = path(graph, edge);
            let mut corners = Vec::new();
            for ((step, left), right) in cells.iter().enumerate().zip(cells.iter().skip(1)) {
                let column = graph.nodes[edge.below].column + step;
                let (x, width) = sides[column];
                let to = y + self.port(*right, Side::Left, net);
                let lane = self.lanes.get(&(column, net));
                if edge.tie == Tie::Pair {
                    let from = y + self.port(*left, Side::Left, net);
                    let upright = x - LANE * (lane.copied().unwrap_or(0) + 1);
                    corners.extend([(x, from), (upright, from), (upright, to), (x, to)]);
                    continue;
                }
                let from = y + self.port(*left, Side::Right, net);
                corners.push((x + width, from));
                if let Some(lane) = lane {
                    let upright = x + width + FIRST_LANE + LANE * lane;
                    corners.extend([(upright, from), (upright, to)]);
                }
                corners.push((sides[column + 1].0, to));
            }
            corners.dedup();
            Wire { edge: number, corners }
        })
        .collect()
    }
}

/// A lane for each net that needs one. Nets whose upright lines would touch have different ones; and where a net leaves to
/// the left at the height at which another leaves to the right, its lane is the further left, so that their level lines
/// don't touch: as far as that can be had for all of them.
fn lanes(nets: &BTreeMap<Net, Ends>) -> BTreeMap<Net, i32> {
    let mut open: Vec<(&Net, &Ends)> = nets.iter().filter(|(_, ends)| !ends.is_straight()).collect();
    open.sort_by_key(|(_, ends)| ends.span());
    let mut taken: Vec<(i32, &Ends)> = Vec::new();
    let mut found = BTreeMap::new();
    while !open.is_empty() {
        let waits = |own: &Ends| {
            let others = open.iter().filter(|(_, other)| !std::ptr::eq(*other, own));
            others.filter(|(_, other)| !other.left.is_disjoint(&own.right)).count()
        };
        let next = (0..open.len()).min_by_key(|number| waits(open[*number].1)).unwrap_or(0);
        let (net, ends) = open.remove(next);
        let (from, to) = ends.span();
        let touches = |other: &Ends| {
            let (start, end) = other.span();
            start <= to + LANE && from <= end + LANE
        };
        let after = taken.iter().filter(|(_, other)| !other.left.is_disjoint(&ends.right));
        let mut lane = after.map(|(lane, _)| lane + 1).max().unwrap_or(0);
        while taken.iter().any(|(other, theirs)| *other == lane && touches(theirs)) {
            lane += 1;
        }
        taken.push((lane, ends));
        found.insert(*net, lane);
    }
    found
}
