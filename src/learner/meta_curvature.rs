//! Meta-Curvature: MAML whose inner gradients are transformed by learned matrices, one from the side of a
//! layer's outputs and one from the side of its inputs.
//!
//! Park and Oliva 2019, "Meta-Curvature", <https://arxiv.org/abs/1902.03356>, section 3 (MC2's matrices of a
//! fully connected layer).

use super::{Learner, Rule, Training, words};
use crate::model::kernels::{Real, vectors};
use crate::model::{
    Adaptation, Gradient, Initial, Inner, InnerLoop, InnerSettings, Kernels, ModelSettings, Operator, Order,
    Pulled, Scalar, Scale, Shape, TensorInfo, View, ViewMut, in_both_precisions,
};
use crate::task::Stream;

/// theta, M <- theta, M - beta d/d(theta, M) mean over tasks of `L_query(theta')`: of a weight W and its
/// gradient G, W' = W - alpha O G I; of a bias, b' = b - alpha m * g; M are all O, I and m.
#[derive(Clone, Copy, Debug)]
pub struct MetaCurvature;

impl Learner for MetaCurvature {
    fn name(&self) -> &'static str {
        "meta-curvature"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["metacurvature", "mc", "mc2"]
    }

    fn title(&self) -> &'static str {
        "Meta-Curvature"
    }

    fn paper(&self) -> &'static str {
        "Park, Oliva 2019, section 3, arXiv:1902.03356"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["inner_lr", "inner_steps", "outer_lr", "order"]
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        match settings.order {
            Order::Exact => &["W′ = W − α O ∇_W L_support I", "(θ, M) ← (θ, M) − β dL_query(θ′)/d(θ, M)"],
            Order::First => {
                &["W′ = W − α O ∇_W L_support I", "(θ, M) ← (θ, M) − β ∂L_query(θ′)/∂(θ, M), ∇ const"]
            }
        }
    }

    fn settings(&self, settings: &Training) -> String {
        words::settings(settings, "inner")
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "Each weight's inner gradient is multiplied by learned matrices from both sides, each bias's by a learned number; they start as identities, where the rule is MAML's.",
            "Look for: its loss at the trained step beside MAML's, and what becomes of it past that step. Preset zoo trains it for 3 steps with clip = 10.",
        ]
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![("meta-curvature T=1", words::clipped(1))]
    }

    fn adaptation(&self, settings: &Training, _: Scale) -> Adaptation {
        settings.adapting(Curvature)
    }
}

/// Its outer loss is the query loss after these steps.
impl Rule for MetaCurvature {}

/// Learned matrices on both sides of a weight's gradient, a learned number for every bias's.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Curvature;

impl Curvature {
    fn inner_loop<E: Scalar>(&self, settings: InnerSettings<'_>) -> InnerLoop<E> {
        InnerLoop::Steps(Box::new(Curved::new(settings, &self.tensors(settings.model))))
    }
}

impl Inner for Curvature {
    fn tensors(&self, model: &ModelSettings) -> Vec<TensorInfo> {
        let mut tensors = Vec::new();
        for TensorInfo { name, shape, .. } in model.tensors() {
            if let [outputs, inputs] = shape[..] {
                tensors.push(TensorInfo::new(format!("curvature.{name}.out"), [outputs, outputs]));
                tensors.push(TensorInfo::new(format!("curvature.{name}.in"), [inputs, inputs]));
            } else {
                tensors.push(TensorInfo::new(format!("curvature.{name}"), shape));
            }
        }
        tensors
    }

    fn initial(&self, of: Initial<'_>, _: &mut Stream) -> Vec<f64> {
        let mut values = Vec::new();
        for TensorInfo { shape, .. } in self.tensors(of.model) {
            let is_one = |place: usize| shape.len() == 1 || place / shape[1] == place % shape[1];
            values.extend((0..shape.iter().product()).map(|place| f64::from(u8::from(is_one(place)))));
        }
        values
    }

    in_both_precisions!(inner_loop);
}

/// Two matrices of a row a point, d and h, whose product `d' h` is a gradient.
type Product<'a, E> = [&'a [E]; 2];

/// What multiplies a gradient from one side.
enum Side<E> {
    /// A number, of a weight with one output or input.
    Number(E),
    /// A number for every entry of a bias, padded.
    Entries(Vec<E>),
    /// A matrix and its transpose, padded.
    Matrix([Vec<E>; 2]),
}

impl<E: Real> Side<E> {
    fn new(numbers: &[usize], shape: Shape) -> Self {
        let zeros = |rows| vec![E::default(); rows * shape.stride()];
        match numbers {
            [1] | [1, 1] => Self::Number(E::default()),
            [_] => Self::Entries(zeros(1)),
            _ => Self::Matrix([(); 2].map(|()| zeros(shape.height()))),
        }
    }

    /// How many numbers it has, unpadded.
    fn count(&self, hidden: usize) -> usize {
        match self {
            Self::Number(_) => 1,
            Self::Entries(_) => hidden,
            Self::Matrix(_) => hidden * hidden,
        }
    }

    fn load(&mut self, numbers: &[E], shape: Shape, kernels: Kernels) {
        let (hidden, stride) = (shape.hidden(), shape.stride());
        match self {
            Self::Number(number) => *number = numbers[0],
            Self::Entries(entries) => entries[..hidden].copy_from_slice(numbers),
            Self::Matrix([matrix, transposed]) => {
                vectors::spread(kernels, hidden, numbers, stride, matrix);
                vectors::transpose(kernels, stride, matrix, transposed);
            }
        }
    }
}

struct Curved<E> {
    kernels: Kernels,
    rate: E,
    shape: Shape,
    /// Tensor by tensor: of a weight its outputs' side and its inputs', of a bias the only one.
    sides: Vec<Side<E>>,
    /// d O' and h I, for every step and hidden weight, whose gradient is `d' h`. With fewer points than units, these are
    /// smaller than the gradient and stand for all products with it.
    turned: Vec<Vec<[Vec<E>; 2]>>,
    square: Vec<E>,
    row: Vec<E>,
    rows: [Vec<E>; 2],
}

/// Adds `scale * a' b` to an unpadded matrix; `square` is scratch.
fn add_outer_unpadded<E: Real>(
    (kernels, shape): (Kernels, Shape),
    (a, b): (&[E], &[E]),
    scale: E,
    sums: &mut [E],
    square: &mut [E],
) {
    let (hidden, stride) = (shape.hidden(), shape.stride());
    // Rows of whole registers of 256 bits are added to as they lie there, whatever the kernels pad them to.
    if hidden == shape.height() {
        return vectors::add_outer_rows(kernels, stride, a, b, scale, hidden, sums);
    }
    square.fill(E::default());
    vectors::add_outer_rows(kernels, stride, a, b, scale, stride, square);
    for (sums, row) in sums.chunks_exact_mut(hidden).zip(square.chunks_exact(stride)) {
        vectors::add_scaled(kernels, E::rounded(1.0), &row[..hidden], sums);
    }
}

impl<E: Real> Curved<E> {
    fn new(settings: InnerSettings<'_>, tensors: &[TensorInfo]) -> Self {
        let shape = settings.kernels.shape::<E>(settings.model.layers, settings.model.hidden);
        Self {
            kernels: settings.kernels,
            rate: E::rounded(settings.inner_lr),
            shape,
            sides: tensors.iter().map(|tensor| Side::new(&tensor.shape, shape)).collect(),
            turned: Vec::new(),
            square: vec![E::default(); shape.height() * shape.stride()],
            row: vec![E::default(); shape.stride()],
            rows: Default::default(),
        }
    }

    /// Transforms a tensor other than a hidden weight: `out = alpha O g I`, or with both
    /// transposed.
    fn transform(&self, at: usize, is_bias: bool, g: &[E], out: &mut [E], is_transposed: bool) {
        let (kernels, stride, rate) = (self.kernels, self.shape.stride(), self.rate);
        // A column lies in a row, which is multiplied from the right.
        let (output, input) = if is_transposed { (0, 1) } else { (1, 0) };
        match (&self.sides[at], self.sides.get(at + 1)) {
            (Side::Entries(entries), _) => {
                vectors::multiply(kernels, entries, g, out);
                scale_in_place(rate, out);
            }
            (Side::Number(number), _) if is_bias => vectors::scale(kernels, rate * *number, g, out),
            (Side::Matrix(outputs), Some(Side::Number(number))) => {
                vectors::rows_times_square(kernels, stride, g, &outputs[output], out);
                scale_in_place(rate * *number, out);
            }
            (Side::Number(number), Some(Side::Matrix(inputs))) => {
                vectors::rows_times_square(kernels, stride, g, &inputs[input], out);
                scale_in_place(rate * *number, out);
            }
            _ => out.fill(E::default()),
        }
    }

    /// The derivative of `-<v, alpha O g I>` by the numbers of such a weight's sides.
    fn differentiate(&mut self, at: usize, (g, v): (&[E], &[E]), (outputs, inputs): (&mut [E], &mut [E])) {
        let (kernels, stride) = (self.kernels, self.shape.stride());
        let shape = (kernels, self.shape);
        let minus = E::default() - self.rate;
        match (&self.sides[at], &self.sides[at + 1]) {
            (Side::Matrix(output), Side::Number(input)) => {
                // d/dO = v (g i)', d/di = v'(O g).
                add_outer_unpadded(shape, (v, g), minus * *input, outputs, &mut self.square);
                vectors::rows_times_square(kernels, stride, g, &output[1], &mut self.row);
                inputs[0] += minus * vectors::dot(kernels, v, &self.row);
            }
            (Side::Number(output), Side::Matrix(input)) => {
                // d/do = v (g I)', d/dI = (o g)' v.
                vectors::rows_times_square(kernels, stride, g, &input[0], &mut self.row);
                outputs[0] += minus * vectors::dot(kernels, v, &self.row);
                add_outer_unpadded(shape, (g, v), minus * *output, inputs, &mut self.square);
            }
            _ => {}
        }
    }

    /// `out = alpha O G I` of a weight between hidden layers.
    fn turn(&mut self, (step, square): (usize, usize), at: usize, [d, h]: Product<'_, E>, out: &mut [E]) {
        let (Side::Matrix(output), Side::Matrix(input)) = (&self.sides[at], &self.sides[at + 1]) else {
            return;
        };
        if self.turned.len() <= step {
            self.turned.resize_with(step + 1, Vec::new);
        }
        let turned = &mut self.turned[step];
        if turned.len() <= square {
            turned.resize_with(square + 1, Default::default);
        }
        let [turned_d, turned_h] = &mut turned[square];
        turned_d.resize(d.len(), E::default());
        turned_h.resize(h.len(), E::default());
        let (kernels, stride) = (self.kernels, self.shape.stride());
        vectors::rows_times_square(kernels, stride, d, &output[1], turned_d);
        vectors::rows_times_square(kernels, stride, h, &input[0], turned_h);
        out.fill(E::default());
        vectors::add_outer_rows(kernels, stride, turned_d, turned_h, self.rate, stride, out);
    }

    /// `out = alpha O' V I'` of such a weight, and the derivatives of `-<V, alpha O G I>`.
    fn turn_back(
        &mut self,
        (step, square): (usize, usize),
        at: usize,
        ([d, h], v, of_v): (Product<'_, E>, &[E], Option<Product<'_, E>>),
        (outputs, inputs): (&mut [E], &mut [E]),
        out: &mut [E],
    ) {
        let (Side::Matrix(output), Side::Matrix(input)) = (&self.sides[at], &self.sides[at + 1]) else {
            return;
        };
        let (kernels, stride, height) = (self.kernels, self.shape.stride(), self.shape.height());
        let (shape, minus) = ((kernels, self.shape), E::default() - self.rate);
        let [turned_d, turned_h] = &self.turned[step][square];
        let [rows, others] = &mut self.rows;
        rows.resize(d.len(), E::default());
        // d/dO = V (G I)' = (h I V')' d, d/dI = (O G)' V = h' (d O' V).
        vectors::transpose(kernels, stride, v, &mut self.square);
        vectors::rows_times_square(kernels, stride, turned_h, &self.square, rows);
        add_outer_unpadded(shape, (rows, d), minus, outputs, &mut self.square);
        vectors::rows_times_square(kernels, stride, turned_d, v, rows);
        add_outer_unpadded(shape, (h, rows), minus, inputs, &mut self.square);
        // Three products with the few rows that V is made of are shorter than two of whole matrices.
        if let Some([d, h]) = of_v.filter(|[d, _]| 3 * d.len() < 2 * height * stride) {
            for rows in [&mut *rows, others] {
                rows.resize(d.len(), E::default());
            }
            // V = d' h, O' V I' = (d O)' (h I').
            vectors::rows_times_square(kernels, stride, d, &output[0], rows);
            vectors::rows_times_square(kernels, stride, h, &input[1], others);
            out.fill(E::default());
            return vectors::add_outer_rows(kernels, stride, rows, others, self.rate, stride, out);
        }
        vectors::rows_times_square(kernels, stride, &output[1], v, &mut self.square);
        vectors::rows_times_square(kernels, stride, &self.square, &input[1], out);
        scale_in_place(self.rate, out);
    }
}

fn scale_in_place<E: Real>(scale: E, row: &mut [E]) {
    for x in row {
        *x = scale * *x;
    }
}

/// The place of a weight among those between hidden layers, if it is one.
fn between<E>(tensor: usize, view: View<'_, E>) -> Option<usize> {
    (tensor.is_multiple_of(2) && tensor > 0 && tensor + 2 < view.count()).then(|| tensor / 2 - 1)
}

impl<E: Real> Operator<E> for Curved<E> {
    fn load(&mut self, numbers: &[E]) {
        let (mut rest, shape) = (numbers, self.shape);
        for side in &mut self.sides {
            let (numbers, tail) = rest.split_at(side.count(shape.hidden()));
            side.load(numbers, shape, self.kernels);
            rest = tail;
        }
    }

    fn apply(&mut self, step: usize, gradient: Gradient<'_, E>, mut out: ViewMut<'_, E>) {
        let mut at = 0;
        for tensor in 0..gradient.view.count() {
            let (out, is_bias) = (out.tensor_mut(tensor), tensor % 2 == 1);
            match between(tensor, gradient.view) {
                Some(square) => self.turn((step, square), at, gradient.factors(square), out),
                None => self.transform(at, is_bias, gradient.view.tensor(tensor), out, false),
            }
            at += if is_bias { 1 } else { 2 };
        }
    }

    fn pull_back(
        &mut self,
        step: usize,
        gradient: Gradient<'_, E>,
        v: Pulled<'_, E>,
        mut out: ViewMut<'_, E>,
        sums: &mut [E],
    ) {
        let (mut rest, mut at) = (sums, 0);
        for tensor in 0..v.view.count() {
            let place = between(tensor, v.view);
            let of_v = v.passes.and_then(|passes| Some(passes.factors(place?)));
            let (g, v, out) = (gradient.view.tensor(tensor), v.view.tensor(tensor), out.tensor_mut(tensor));
            let (first, tail) = rest.split_at_mut(self.sides[at].count(self.shape.hidden()));
            if tensor % 2 == 1 {
                vectors::add_product(self.kernels, E::default() - self.rate, &g[..first.len()], v, first);
                self.transform(at, true, v, out, true);
                (rest, at) = (tail, at + 1);
                continue;
            }
            let (second, tail) = tail.split_at_mut(self.sides[at + 1].count(self.shape.hidden()));
            match place {
                Some(square) => {
                    let factors = (gradient.factors(square), v, of_v);
                    self.turn_back((step, square), at, factors, (first, second), out);
                }
                None => {
                    self.differentiate(at, (g, v), (first, second));
                    self.transform(at, false, v, out, true);
                }
            }
            (rest, at) = (tail, at + 2);
        }
    }
}
