//! A network with its rule of adaptation: what a step moves, and by how much. The rule is the very one that the engines
//! carry out, so that nothing can be said of a step that the network does not take.

use std::ops::Range;

use super::linear::add;
use super::network::{Network, Pass};
use crate::model::kernels::{self, Packed};
use crate::model::{
    Factors, Gradient, InnerLoop, InnerSettings, Kernels, ModelSettings, Operator, Shape, Weights,
};
use crate::task::Points;

/// Points that a network adapts to, and points that its loss is taken on.
pub type Task = (Points, Points);

/// A network and how it adapts. What adapts is a vector: all of the weights, in checkpoint order, of which a rule may
/// leave some where they are, or a context.
pub struct Adaptive {
    /// The network before the first step.
    pub start: Network,
    rule: Rule,
    /// For every tensor, whether the rule moves it; empty for a context.
    moves: Vec<bool>,
}

/// P.
enum Rule {
    /// An operator on gradients of all weights, as the engines have it.
    Operator { operator: Box<dyn Operator<f64>>, shape: Shape, gradient: Packed<f64>, moves: Packed<f64> },
    /// A rate of the output layer's weights.
    Head(f64),
    /// A rate of the context.
    Context(f64),
}

/// Numbers of what adapts that belong together: a layer's weight and bias, or the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name: `hidden1` and so on, `out`, `context`.
    pub name: String,
    /// Where its numbers are.
    pub place: Range<usize>,
}

/// Points of a pass, each with a factor.
type Shares<'a> = &'a [(usize, f64)];

/// Rows of a pass as the engines lay them out: what gradients of hidden weights are products of.
struct Rows(Vec<[Vec<f64>; 2]>);

impl Factors<f64> for Rows {
    fn factors(&self, hidden: usize) -> [&[f64]; 2] {
        let [d, h] = &self.0[hidden];
        [d, h]
    }
}

impl Adaptive {
    /// Of these weights; `None` where the learner takes no gradient steps.
    pub fn new(weights: &Weights) -> Option<Self> {
        let Weights { model, adaptation, values } = weights;
        let kernels = Kernels::portable();
        let inner_lr = adaptation.inner_lr;
        let rule = match adaptation.inner.double(InnerSettings { model, inner_lr, kernels }) {
            InnerLoop::Steps(mut operator) => {
                operator.load(&values[model.parameters()..]);
                let shape = kernels.shape::<f64>(model.layers, model.hidden);
                let [gradient, moves] = [(); 2].map(|()| Packed::zero(shape));
                Rule::Operator { operator, shape, gradient, moves }
            }
            InnerLoop::Context { rate, .. } => Rule::Context(rate),
            InnerLoop::Head(_) if adaptation.inner.has_order() => Rule::Head(inner_lr),
            InnerLoop::Head(_) | InnerLoop::Reads(..) | InnerLoop::Answers(_) => return None,
        };
        let mut adaptive = Self { start: Network::new(weights), rule, moves: Vec::new() };
        adaptive.moves = adaptive.find_moves(model);
        Some(adaptive)
    }

    /// Which tensors the rule moves: those that it does not leave alone when all of a gradient is there.
    fn find_moves(&mut self, model: &ModelSettings) -> Vec<bool> {
        let tensors = model.tensor_count();
        match &mut self.rule {
            Rule::Context(_) => Vec::new(),
            Rule::Head(_) => (0..tensors).map(|tensor| tensor + 2 >= tensors).collect(),
            Rule::Operator { operator, shape, gradient, moves } => {
                // No two alike, so that nothing that is learned can take all of them away.
                let numbers =
                    |count: usize| (0..count).map(|i| 1.0 + (i as f64 * 0.618).fract()).collect::<Vec<_>>();
                let all: Vec<f64> =
                    model.tensors().iter().flat_map(|tensor| numbers(tensor.count())).collect();
                kernels::pack(Kernels::portable(), &all, gradient.view_mut());
                let row = padded(&numbers(model.hidden), *shape);
                let rows = Rows(vec![[row.clone(), row]; model.layers - 1]);
                operator.apply(0, Gradient { view: gradient.view(), passes: &rows }, moves.view_mut());
                (0..tensors)
                    .map(|tensor| moves.view().tensor(tensor).iter().any(|number| *number != 0.0))
                    .collect()
            }
        }
    }

    /// Whether what adapts is a context.
    pub fn has_context(&self) -> bool {
        matches!(self.rule, Rule::Context(_))
    }

    /// How many numbers adapt, or may.
    pub fn count(&self) -> usize {
        if self.has_context() { self.start.context.len() } else { self.start.weights.len() }
    }

    /// The parts of what adapts: the layers, the output layer last, or the context alone.
    pub fn parts(&self) -> Vec<Part> {
        if self.has_context() {
            return vec![Part { name: "context".to_owned(), place: 0..self.count() }];
        }
        let part = |layer: usize| {
            let (weight, bias) = self.start.layer(layer);
            let is_last = layer == self.start.layers;
            let name = if is_last { "out".to_owned() } else { format!("hidden{}", layer + 1) };
            Part { name, place: weight.start..bias.end }
        };
        (0..=self.start.layers).map(part).collect()
    }

    /// The parts that the rule moves.
    pub fn moving_parts(&self) -> Vec<Part> {
        let parts = self.parts().into_iter().enumerate();
        let moves =
            |layer: usize| self.moves.get(2 * layer..2 * layer + 2).is_none_or(|of| of.contains(&true));
        parts.filter(|(layer, _)| moves(*layer)).map(|(_, part)| part).collect()
    }

    /// The derivative, by what adapts, of the sum of each point's prediction times its factor; 0 for weights that the
    /// rule leaves alone.
    pub fn gradient(&self, network: &Network, pass: &Pass, shares: Shares<'_>) -> Vec<f64> {
        if self.has_context() {
            return network.context_gradient(pass, shares);
        }
        let mut gradient = network.weight_gradient(pass, shares);
        for (tensor, _) in self.moves.iter().enumerate().filter(|(_, moves)| !**moves) {
            let (weight, bias) = network.layer(tensor / 2);
            gradient[if tensor % 2 == 0 { weight } else { bias }].fill(0.0);
        }
        gradient
    }

    /// P of that gradient, in inner step `step`, counted from 0: what the step takes away.
    pub fn moved(&mut self, step: usize, network: &Network, pass: &Pass, shares: Shares<'_>) -> Vec<f64> {
        let flat = self.gradient(network, pass, shares);
        match &mut self.rule {
            Rule::Head(rate) | Rule::Context(rate) => flat.iter().map(|number| *rate * number).collect(),
            Rule::Operator { operator, shape, gradient, moves } => {
                let tensors = 2 * (network.layers + 1);
                kernels::pack(Kernels::portable(), &flat, gradient.view_mut());
                let rows = |rows: &[f64], is_scaled: bool| {
                    let row = |&(point, share): &(usize, f64)| {
                        let row = rows[point * network.hidden..(point + 1) * network.hidden].iter();
                        let scaled: Vec<f64> = row.map(|x| if is_scaled { share * x } else { *x }).collect();
                        padded(&scaled, *shape)
                    };
                    shares.iter().flat_map(row).collect::<Vec<f64>>()
                };
                let hidden = 1..network.layers;
                let rows =
                    Rows(hidden.map(|at| [rows(&pass.d[at], true), rows(&pass.h[at - 1], false)]).collect());
                operator.apply(step, Gradient { view: gradient.view(), passes: &rows }, moves.view_mut());
                (0..tensors).flat_map(|tensor| moves.view().runs(tensor).flatten().copied()).collect()
            }
        }
    }

    /// The support loss's derivative by each prediction: 2 / K times the error.
    pub fn errors(pass: &Pass, y: &[f64]) -> Vec<(usize, f64)> {
        let share = 2.0 / y.len() as f64;
        let errors = pass.y.iter().zip(y).map(|(answer, y)| share * (answer - y));
        errors.enumerate().collect()
    }

    /// What inner step `step` takes away from a network on these points.
    pub fn step_of(&mut self, step: usize, network: &Network, support: &Points) -> Vec<f64> {
        let pass = network.pass(&support.x);
        let errors = Self::errors(&pass, &support.y);
        self.moved(step, network, &pass, &errors)
    }

    /// What adapts of a network.
    pub fn adapting<'n>(&self, network: &'n Network) -> &'n [f64] {
        if self.has_context() { &network.context } else { &network.weights }
    }

    /// The network with so many times a direction taken away from what adapts.
    pub fn less(&self, network: &Network, times: f64, direction: &[f64]) -> Network {
        let mut moved = network.clone();
        let adapting = if self.has_context() { &mut moved.context } else { &mut moved.weights };
        add(adapting, -times, direction);
        moved
    }

    /// The network before, and after each of `steps` inner steps on these points.
    pub fn path(&mut self, support: &Points, steps: usize) -> Vec<Network> {
        let mut path = vec![self.start.clone()];
        for step in 0..steps {
            let step_of = self.step_of(step, &path[step], support);
            path.push(self.less(&path[step], 1.0, &step_of));
        }
        path
    }

    /// The network after `steps` inner steps on these points.
    pub fn after(&mut self, support: &Points, steps: usize) -> Network {
        let mut path = self.path(support, steps);
        path.pop().unwrap_or_else(|| self.start.clone())
    }
}

/// A row of units in the layout of the engines.
fn padded(row: &[f64], shape: Shape) -> Vec<f64> {
    let mut padded = vec![0.0; shape.stride()];
    padded[..row.len()].copy_from_slice(row);
    padded
}
