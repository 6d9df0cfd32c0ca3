//! Every quantity by a second route: the engines' own steps, plain dfdx operations, central differences and sums written
//! out anew, for every learner that steps, relu and tanh, one to three hidden layers.

use dfdx::prelude::*;

use super::*;
use crate::eval::Adapter;
use crate::learner::{Algorithm, Trainer, Training};
use crate::model::{Activation, Kernels, ModelSettings, Parameters, Precision, Scale, Weights, reference};
use crate::task::families::sine::SineSettings;
use crate::task::{EvaluationSettings, Points, TaskSettings, grid, illustration, test_tasks};

const X: [f64; 2] = [-5.0, 5.0];

/// A network of some depth after a few outer steps, so that what is learned beside it is no identity any more.
fn weights(algorithm: Algorithm, layers: usize, activation: Activation) -> Weights {
    let model = ModelSettings { layers, hidden: 16, activation, precision: Precision::F64 };
    let inner_lr = if algorithm.name() == "cavia" { 1.0 } else { 0.02 };
    let training =
        Training { meta_batch: 4, inner_lr, inner_steps: 2, clip: Some(10.0), ..Training::default() };
    let training = Training { outer_lr: 0.01, ..training };
    let mut trainer =
        Trainer::new(algorithm.0, (&training, &TaskSettings::default(), &model), 3, Kernels::portable());
    for _ in 0..30 {
        trainer.outer_step().expect("memory for sixteen units");
    }
    trainer.weights()
}

/// Every learner that takes gradient steps, on networks of one to three hidden layers.
fn subjects() -> Vec<(String, Weights)> {
    let mut subjects = Vec::new();
    let networks = Algorithm::ALL.iter().filter(|algorithm| !algorithm.reads_answers());
    for (place, algorithm) in networks.enumerate() {
        for (other, activation) in Activation::ALL.into_iter().enumerate() {
            let layers = 1 + (place + other) % 3;
            let weights = weights(*algorithm, layers, activation);
            if Adaptive::new(&weights).is_some() {
                subjects.push((format!("{} {layers} {activation:?}", algorithm.name()), weights));
            }
        }
    }
    assert!(subjects.len() >= 22, "all but the closed form");
    subjects
}

fn tasks(count: usize) -> Vec<Task> {
    let evaluation = EvaluationSettings { test_tasks: count, ..EvaluationSettings::default() };
    let drawn = test_tasks(&TaskSettings::default(), &evaluation);
    drawn.into_iter().map(|task| (task.support, task.query)).collect()
}

/// What the engine predicts at `x` with these numbers.
fn predicted(weights: &Weights, values: &[f64], x: &[f64]) -> Vec<f64> {
    let weights = Weights { values: values.to_vec(), ..weights.clone() };
    let mut adapter = Adapter::on(&weights, Kernels::portable());
    let points = Points { x: x.to_vec(), y: vec![0.0; x.len()] };
    adapter.take_task(&points, &points);
    adapter.predict().0
}

/// By how much `steps` of the engine on these points move the weights; a context's influence is in the first bias, where
/// it has the same effect.
fn engine_step(weights: &Weights, support: &Points, steps: usize) -> Vec<f64> {
    let mut adapter = Adapter::on(weights, Kernels::portable());
    adapter.take_task(support, support);
    (0..steps).for_each(|_| adapter.descend());
    let context = adapter.context();
    let Weights { model, values, .. } = weights;
    let mut after = adapter.weights();
    let before = values[..model.parameters()].to_vec();
    let columns = values[model.parameters()..].chunks_exact(model.hidden);
    if !context.is_empty() {
        after.clone_from(&before);
        for (column, c) in columns.zip(&context) {
            (0..model.hidden).for_each(|unit| after[model.hidden + unit] += c * column[unit]);
        }
    }
    after.iter_mut().zip(&before).for_each(|(after, before)| *after -= before);
    after
}

/// How a prediction changes along a direction of the weights, by central differences.
fn along(weights: &Weights, direction: &[f64], x: &[f64]) -> Vec<f64> {
    let size = linear::length(direction).max(1e-300);
    let h = 1e-5 / size;
    let at = |times: f64| {
        let mut values = weights.values.clone();
        values.iter_mut().zip(direction).for_each(|(value, step)| *value += times * step);
        predicted(weights, &values, x)
    };
    at(h).iter().zip(at(-h)).map(|(up, down)| (up - down) / (2.0 * h)).collect()
}

#[track_caller]
fn near(found: &[f64], expected: &[f64], bound: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-12_f64, |most, x| most.max(x.abs()));
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let gap = (found - expected).abs() / largest;
        assert!(gap <= bound, "{what}, {place}: {found} for {expected}, of at most {largest}");
    }
}

#[test]
fn steps_are_those_of_the_engines() {
    for (name, weights) in subjects() {
        let mut adaptive = Adaptive::new(&weights).expect("it steps");
        let (support, query) = &tasks(1)[0];
        let mut adapter = Adapter::on(&weights, Kernels::portable());
        adapter.take_task(support, query);
        let path = adaptive.path(support, 4);
        for (n, network) in path.iter().enumerate() {
            if n > 0 {
                adapter.descend();
            }
            near(&network.predict(&query.x), &adapter.predict().0, 1e-11, &format!("{name} after {n}"));
            if !adaptive.has_context() {
                near(&network.weights, &adapter.weights(), 1e-11, &name);
            }
            near(&network.context, &adapter.context(), 1e-11, &name);
        }
    }
}

#[test]
fn the_kernel_is_what_a_step_on_one_point_does() {
    let x = grid(X, 9);
    for (name, weights) in subjects() {
        let kernel = Kernel::new(&mut Adaptive::new(&weights).expect("it steps"), &x);
        let now = predicted(&weights, &weights.values, &x);
        for (column, &other) in x.iter().enumerate() {
            // The error of the only point is 1/2, so the step is P of its prediction's derivative.
            let support = Points { x: vec![other], y: vec![now[column] - 0.5] };
            let away = engine_step(&weights, &support, 1);
            let expected: Vec<f64> = along(&weights, &away, &x).iter().map(|change| -change).collect();
            let found: Vec<f64> = (0..x.len()).map(|row| kernel.row(row)[column]).collect();
            near(&found, &expected, 2e-7, &format!("{name}, column {column}"));
        }
    }
}

#[test]
fn the_tangent_kernel_is_that_of_what_adapts() {
    let x = grid(X, 5);
    for (name, weights) in subjects() {
        let adaptive = &mut Adaptive::new(&weights).expect("it steps");
        let kernel = Kernel::new(adaptive, &x);
        // The derivatives by each number, one by one; those of a context by its column in the first bias.
        let Weights { model, values, .. } = &weights;
        let hidden = model.hidden;
        let places: Vec<Vec<(usize, f64)>> = match adaptive.has_context() {
            true => {
                let columns = values[model.parameters()..].chunks_exact(hidden);
                columns
                    .map(|column| (0..hidden).map(|unit| (hidden + unit, column[unit])).collect())
                    .collect()
            }
            false => {
                let head = model.parameters() - hidden - 1;
                let place = |place: usize| vec![(place, 1.0)];
                match name.split(' ').next() {
                    Some("anil") => (head..model.parameters()).map(place).collect(),
                    Some("boil") => (0..head).map(place).collect(),
                    _ => (0..model.parameters()).map(place).collect(),
                }
            }
        };
        let mut expected = vec![0.0; x.len() * x.len()];
        for numbers in places {
            let mut direction = vec![0.0; values.len()];
            numbers.iter().for_each(|(place, share)| direction[*place] = *share);
            let slopes = along(&weights, &direction, &x);
            for (row, one) in slopes.iter().enumerate() {
                for (column, other) in slopes.iter().enumerate() {
                    expected[row * x.len() + column] += one * other;
                }
            }
        }
        near(&kernel.tangent, &expected, 1e-6, &name);
    }
}

#[test]
fn a_step_is_its_points_and_its_layers_and_a_bend() {
    let x = grid(X, 21);
    let (support, _) = &tasks(1)[0];
    for (name, weights) in subjects() {
        let adaptive = &mut Adaptive::new(&weights).expect("it steps");
        let step = Contributions::new(adaptive, support, &x);
        let now = predicted(&weights, &weights.values, &support.x);
        let away = engine_step(&weights, support, 1);
        near(&step.sum, &along(&weights, &away, &x), 2e-7, &name);
        for (i, point) in step.points.iter().enumerate() {
            // The same error of this point alone is K times as far.
            let alone = Points { x: vec![support.x[i]], y: vec![now[i] - (now[i] - support.y[i])] };
            let share = 1.0 / support.x.len() as f64;
            let expected = along(&weights, &engine_step(&weights, &alone, 1), &x);
            let expected: Vec<f64> = expected.iter().map(|change| share * change).collect();
            near(point, &expected, 2e-7, &format!("{name}, point {i}"));
        }
        let mut layers = vec![0.0; x.len()];
        for (part, layer) in adaptive.parts().iter().zip(&step.layers) {
            linear::add(&mut layers, 1.0, layer);
            if part.name == "context" {
                continue;
            }
            let mut of = away.clone();
            of.iter_mut().enumerate().filter(|(at, _)| !part.place.contains(at)).for_each(|(_, x)| *x = 0.0);
            near(layer, &along(&weights, &of, &x), 5e-7, &format!("{name}, {}", part.name));
        }
        near(&layers, &step.sum, 1e-11, &name);
        // What there really is, the engine says.
        let mut moved = weights.values.clone();
        moved.iter_mut().zip(&away).for_each(|(value, away)| *value += away);
        let before = predicted(&weights, &weights.values, &x);
        let change: Vec<f64> = predicted(&weights, &moved, &x)
            .iter()
            .zip(&before)
            .map(|(after, before)| after - before)
            .collect();
        near(&step.before, &before, 1e-12, &name);
        near(&step.change, &change, 1e-9, &name);
        let left: Vec<f64> = change.iter().zip(&step.sum).map(|(change, sum)| change - sum).collect();
        let squares = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        assert!((step.linear_share() - (1.0 - squares(&left) / squares(&change))).abs() < 1e-8, "{name}");
        let shares: f64 = (0..step.layers.len()).map(|layer| step.part_of_sum(layer)).sum();
        assert!((shares - 1.0).abs() < 1e-11, "{name}");
    }
}

#[test]
fn head_and_body_alone_are_steps_of_other_learners() {
    let maml = weights(Algorithm::find("maml").expect("it is there"), 2, Activation::Relu);
    for (support, query) in &tasks(5) {
        let found =
            alone(&mut Adaptive::new(&maml).expect("it steps"), support, query).expect("it has layers");
        let loss = |algorithm: &str, steps: usize| {
            let training = Training { inner_lr: 0.02, ..Training::default() };
            let adaptation =
                Algorithm::find(algorithm).expect("it is there").adaptation(&training, Scale::default());
            let mut adapter = Adapter::on(&Weights { adaptation, ..maml.clone() }, Kernels::portable());
            adapter.take_task(support, query);
            (0..steps).for_each(|_| adapter.descend());
            adapter.loss()
        };
        let expected = [loss("maml", 0), loss("maml", 1), loss("anil", 1), loss("boil", 1)];
        near(&[found.before, found.after, found.head, found.body], &expected, 1e-12, "losses");
    }
}

#[test]
fn units_are_those_of_plain_tensor_operations() {
    let x = grid(X, 30);
    for activation in Activation::ALL {
        let weights = weights(Algorithm::find("maml").expect("it is there"), 2, activation);
        let adaptive = &mut Adaptive::new(&weights).expect("it steps");
        let device = Cpu::default();
        let n = x.len();
        let sigma = |z: Tensor<(usize, Const<16>), f64, Cpu>| match activation {
            Activation::Relu => z.relu(),
            Activation::Tanh => z.tanh(),
        };
        let values = |from: usize, count: usize| weights.values[from..from + count].to_vec();
        let bias = |from: usize| {
            let bias: Tensor<Rank1<16>, f64, Cpu> = device.tensor_from_vec(values(from, 16), (Const::<16>,));
            bias.broadcast_like(&(n, Const::<16>))
        };
        let column: Tensor<(usize, Const<1>), f64, Cpu> = device.tensor_from_vec(x.clone(), (n, Const::<1>));
        let first: Tensor<Rank2<1, 16>, f64, Cpu> =
            device.tensor_from_vec(values(0, 16), (Const::<1>, Const::<16>));
        let first = sigma(column.matmul(first) + bias(16));
        let second: Tensor<Rank2<16, 16>, f64, Cpu> =
            device.tensor_from_vec(values(32, 256), (Const::<16>, Const::<16>));
        let second = sigma(first.clone().matmul(second.permute::<_, Axes2<1, 0>>()) + bias(288));
        let pass = adaptive.start.pass(&x);
        near(&pass.h[0], &first.as_vec(), 1e-13, "first layer");
        near(&pass.h[1], &second.as_vec(), 1e-13, "second layer");

        let after = adaptive.after(&tasks(1)[0].0, 3);
        let moved = moved(adaptive, &after, &x);
        // CKA by the points' products, not the features'.
        let gram = |h: &[f64]| {
            let mean: Vec<f64> =
                (0..16).map(|unit| h.iter().skip(unit).step_by(16).sum::<f64>() / n as f64).collect();
            let rows: Vec<Vec<f64>> =
                h.chunks(16).map(|row| row.iter().zip(&mean).map(|(h, mean)| h - mean).collect()).collect();
            let product = |one: &Vec<f64>, other: &Vec<f64>| {
                one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>()
            };
            rows.iter()
                .flat_map(|one| rows.iter().map(|other| product(one, other)).collect::<Vec<_>>())
                .collect()
        };
        let both = |one: &Vec<f64>, other: &Vec<f64>| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
        for (layer, then) in after.pass(&x).h.iter().enumerate() {
            let (one, other): (Vec<f64>, Vec<f64>) = (gram(&pass.h[layer]), gram(then));
            let expected = both(&one, &other) / (both(&one, &one) * both(&other, &other)).sqrt();
            assert!((moved.cka[layer] - expected).abs() < 1e-12, "{} for {expected}", moved.cka[layer]);
            let reach = reach(&pass.h[layer], then, 16);
            let activity = activity(&pass.h[layer], 16);
            for unit in 0..16 {
                let of = |h: &[f64]| h.iter().skip(unit).step_by(16).copied().collect::<Vec<f64>>();
                let (before, then) = (of(&pass.h[layer]), of(then));
                let gap: f64 = before.iter().zip(&then).map(|(a, b)| (a - b).powi(2)).sum();
                let size: f64 = before.iter().map(|a| a * a).sum();
                let expected = (gap / size).sqrt();
                assert!((reach[unit] - expected).abs() < 1e-12 || reach[unit].is_nan() && expected.is_nan());
                assert_eq!(activity[unit] == Activity::Dead, before.iter().all(|h| *h == 0.0));
                assert_eq!(activity[unit] == Activity::AlwaysOn, before.iter().all(|h| *h > 0.0));
            }
        }
        // Where the input of a unit of the first layer is 0.
        for (unit, kink) in adaptive.start.kinks().into_iter().enumerate() {
            let input = weights.values[unit] * kink + weights.values[16 + unit];
            assert!(input.abs() < 1e-12, "{input}");
        }
    }
}

#[test]
fn along_the_step_and_on_the_plane_are_losses_of_those_weights() {
    let maml = weights(Algorithm::find("maml").expect("it is there"), 2, Activation::Tanh);
    let device = Cpu::default();
    let loss = |values: &[f64], points: &Points| {
        let mut theta = Parameters::<f64>::zeros(16, &maml.model.tensors());
        theta.copy_from_flat(values);
        let (x, y) = (reference::column(&device, &points.x), reference::column(&device, &points.y));
        reference::meta_loss::<16, _, _>(theta, Activation::Tanh, (&x, &y), (&x, &y), 0.0, 0).array()
    };
    let moved = |pairs: &[(f64, &[f64])]| {
        let mut values = maml.values.clone();
        pairs.iter().for_each(|(times, way)| linear::add(&mut values, *times, way));
        values
    };
    let tasks = tasks(11);
    let slice =
        Slice::new(&mut Adaptive::new(&maml).expect("it steps"), &tasks, || true).expect("it is wanted");
    for at in [0, 10, 37] {
        let mut losses: Vec<f64> = tasks
            .iter()
            .map(|(support, query)| {
                let away = engine_step(&maml, support, 1);
                loss(&moved(&[(at as f64 / 10.0, &away)]), query)
            })
            .collect();
        losses.sort_by(f64::total_cmp);
        let expected = [losses.iter().sum::<f64>() / 11.0, losses[1], losses[9]];
        near(&[slice.mean[at], slice.low[at], slice.high[at]], &expected, 1e-11, "slice");
    }

    let pair = [&tasks[0], &tasks[1]];
    let plane = Plane::new(&mut Adaptive::new(&maml).expect("it steps"), pair, 3).expect("two directions");
    let ways: Vec<Vec<Vec<f64>>> =
        pair.iter().map(|task| (0..=3).map(|n| engine_step(&maml, &task.0, n)).collect()).collect();
    let (a, b) = (&ways[0][3], &ways[1][3]);
    near(&[plane.unit], &[linear::length(a)], 1e-11, "unit");
    // At (1, 0) is A; B is where its last place says.
    near(&plane.paths[0][3], &[1.0, 0.0], 1e-10, "theta_A");
    for (task, (path, way)) in plane.paths.iter().zip(&ways).enumerate() {
        for (place, way) in path.iter().zip(way) {
            let expected = linear::dot(way, a) / linear::dot(a, a);
            assert!((place[0] - expected).abs() < 1e-10, "{task}: {} for {expected}", place[0]);
        }
    }
    let [along_b, beside_b] = plane.paths[1][3];
    let at = |i: usize, j: usize, losses: &[f64]| losses[i * AXIS + j];
    let (query_a, query_b) = (&pair[0].1, &pair[1].1);
    near(&[at(15, 5, &plane.losses[0])], &[loss(&moved(&[(1.0, a)]), query_a)], 1e-10, "A at theta_A");
    near(&[at(5, 5, &plane.losses[1])], &[loss(&maml.values, query_b)], 1e-11, "B at the start");
    // e2 = (theta_B - theta - along e1) / beside.
    for (i, j) in [(0, 20), (12, 7), (20, 3)] {
        let (one, other) = (-0.5 + i as f64 / 10.0, -0.5 + j as f64 / 10.0);
        let values = moved(&[(one - other * along_b / beside_b, a), (other / beside_b, b)]);
        near(&[at(i, j, &plane.losses[1])], &[loss(&values, query_b)], 1e-9, "B on the plane");
    }
    // The same task twice spans no plane.
    assert!(Plane::new(&mut Adaptive::new(&maml).expect("it steps"), [&tasks[0]; 2], 3).is_none());
}

#[test]
fn rates_are_plain_steps_whatever_the_learner() {
    let tasks = tasks(4);
    for name in ["meta-sgd", "cavia", "maml"] {
        let weights = weights(Algorithm::find(name).expect("it is there"), 2, Activation::Relu);
        let found = Rates::new(&weights, &tasks, || true).expect("it is wanted");
        for k in [0, 8, 12, 16] {
            let mut plain = weights.plain();
            plain.adaptation.inner_lr = rate(k);
            let mut adaptive = Adaptive::new(&plain).expect("it steps");
            let (mut sums, mut lost) = ([0.0; STEPS.len()], [0; STEPS.len()]);
            for (support, query) in &tasks {
                let path = adaptive.path(support, 32);
                let losses: Vec<f64> =
                    path.iter().map(|network| mean_square(&network.predict(&query.x), &query.y)).collect();
                for (column, n) in STEPS.into_iter().enumerate() {
                    match losses[..=n].iter().all(|loss| loss.is_finite()) {
                        true => sums[column] += losses[n],
                        false => lost[column] += 1,
                    }
                }
            }
            for (column, n) in STEPS.into_iter().enumerate() {
                let (mean, nonfinite) = (found.mean[k][column], found.nonfinite[k][column]);
                let expected = sums[column] / (4 - lost[column]) as f64;
                if expected < 1e12 {
                    assert_eq!(nonfinite, lost[column], "{name} {k} {n}");
                    assert!((mean - expected).abs() < 1e-8 * expected, "{name} {k} {n}: {mean} {expected}");
                }
            }
        }
        let (best, loss) = found.best(1).expect("some rate keeps all tasks");
        assert!(
            found.mean.iter().all(|row| row[1].is_nan() || row[1] >= loss || !row[1].is_finite()),
            "{best}"
        );
    }
}

#[test]
fn gradients_are_central_differences_layer_by_layer() {
    let tasks = tasks(3);
    for name in ["maml", "cavia", "meta-sgd"] {
        let weights = weights(Algorithm::find(name).expect("it is there"), 2, Activation::Tanh);
        let found = MetaGradients::new(&weights, &tasks).expect("memory");
        let steps = weights.adaptation.inner_steps;
        // The loss after so many steps, by each number of the network with a context's columns, of which the first layer
        // has its share.
        let by = |steps: usize, place: usize| {
            let h = 1e-5;
            let at = |h: f64| {
                let mut values = weights.values.clone();
                values[place] += h;
                let mut adapter = Adapter::on(&Weights { values, ..weights.clone() }, Kernels::portable());
                let losses = tasks.iter().map(|(support, query)| {
                    adapter.take_task(support, query);
                    (0..steps).for_each(|_| adapter.descend());
                    adapter.loss()
                });
                losses.sum::<f64>() / tasks.len() as f64
            };
            (at(h) - at(-h)) / (2.0 * h)
        };
        // To first order steps are constants: the loss where they lead, by each number before them.
        let away: Vec<Vec<f64>> =
            tasks.iter().map(|(support, _)| engine_step(&weights, support, steps)).collect();
        let to_first_order = |place: usize| {
            let at = |h: f64| {
                let losses = tasks.iter().zip(&away).map(|((_, query), away)| {
                    let mut values = weights.values.clone();
                    values.iter_mut().zip(away).for_each(|(value, away)| *value += away);
                    values[place] += h;
                    mean_square(&predicted(&weights, &values, &query.x), &query.y)
                });
                losses.sum::<f64>() / tasks.len() as f64
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        };
        let parameters = weights.model.parameters();
        let columns = if name == "cavia" { parameters..weights.values.len() } else { 0..0 };
        let layers =
            [(0..32).chain(columns).collect::<Vec<usize>>(), (32..304).collect(), (304..321).collect()];
        let layers = [layers.concat(), layers[0].clone(), layers[1].clone(), layers[2].clone()];
        for (column, places) in layers.iter().enumerate() {
            let exact: Vec<f64> = places.iter().map(|place| by(steps, *place)).collect();
            let start: Vec<f64> = places.iter().map(|place| by(0, *place)).collect();
            let [norm, _, before] = [0, 1, 2].map(|row| found.norms[row][column]);
            assert!((norm - linear::length(&exact)).abs() < 1e-6 * norm.max(1e-3), "{name} {column}");
            assert!((before - linear::length(&start)).abs() < 1e-6 * before.max(1e-3), "{name} {column}");
            let cosine = linear::cosine(&exact, &start);
            assert!((found.cosines[1][column] - cosine).abs() < 1e-5, "{name} {column}");
            // A context is folded into the first bias by these steps, which no column of it is.
            if name == "cavia" {
                continue;
            }
            let first: Vec<f64> = places.iter().map(|place| to_first_order(*place)).collect();
            let norm = found.norms[1][column];
            assert!((norm - linear::length(&first)).abs() < 1e-6 * norm.max(1e-3), "{name} {column}");
            for (pair, other) in [(0, &exact), (2, &start)] {
                let cosine = linear::cosine(&first, other);
                assert!((found.cosines[pair][column] - cosine).abs() < 1e-5, "{name} {column}");
            }
        }
    }
}

#[test]
fn the_support_knows_the_way_as_far_as_its_gradient_does() {
    let tasks = tasks(4);
    for (name, weights) in subjects() {
        let adaptive = Adaptive::new(&weights).expect("it steps");
        let found = support_cosine(&adaptive, &tasks);
        let parts = adaptive.moving_parts();
        for ((support, query), found) in tasks.iter().zip(found) {
            // Plain SGD of everything shows the gradient; what does not adapt is left out.
            let gradient = |points: &Points| -> Vec<f64> {
                if adaptive.has_context() {
                    return adaptive.start.context_gradient(
                        &adaptive.start.pass(&points.x),
                        &Adaptive::errors(&adaptive.start.pass(&points.x), &points.y),
                    );
                }
                let mut plain = weights.plain();
                plain.adaptation.inner_lr = 1.0;
                let away = engine_step(&plain, points, 1);
                parts.iter().flat_map(|part| away[part.place.clone()].to_vec()).collect()
            };
            let expected = linear::cosine(&gradient(support), &gradient(query));
            assert!((found - expected).abs() < 1e-10, "{name}: {found} for {expected}");
        }
    }
}

#[test]
fn the_ring_is_where_steps_differ_most() {
    let weights = weights(Algorithm::find("maml").expect("it is there"), 2, Activation::Relu);
    let settings = TaskSettings::default();
    let evaluation = EvaluationSettings { test_tasks: 30, ..EvaluationSettings::default() };
    let drawn = test_tasks(&settings, &evaluation);
    let tasks: Vec<Task> = drawn.iter().map(|task| (task.support.clone(), task.query.clone())).collect();
    let ring = Ring::new(&mut Adaptive::new(&weights).expect("it steps"), &tasks, || true).expect("wanted");
    let rows: Vec<Vec<f64>> = tasks.iter().map(|(support, _)| engine_step(&weights, support, 1)).collect();
    let width = rows[0].len();
    let centre: Vec<f64> = (0..width).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / 30.0).collect();
    let rows: Vec<Vec<f64>> = rows.iter().map(|row| linear::difference(row, &centre)).collect();
    let all: f64 = rows.iter().map(|row| linear::dot(row, row)).sum();
    // Power iteration on the covariance of the weights, with the direction before taken out.
    let mut directions: Vec<Vec<f64>> = Vec::new();
    for component in 0..2 {
        let mut direction: Vec<f64> = (0..width).map(|i| (i as f64 * 0.7).sin()).collect();
        for _ in 0..3_000 {
            let mut next = vec![0.0; width];
            for row in &rows {
                linear::add(&mut next, linear::dot(row, &direction), row);
            }
            for known in &directions {
                let along = linear::dot(known, &next);
                linear::add(&mut next, -along, known);
            }
            let size = linear::length(&next);
            direction = next.iter().map(|x| x / size).collect();
        }
        let scores: Vec<f64> = rows.iter().map(|row| linear::dot(row, &direction)).collect();
        let largest = scores.iter().fold(0.0_f64, |most, x| if x.abs() > most.abs() { *x } else { most });
        let scores: Vec<f64> = scores.iter().map(|score| score * largest.signum()).collect();
        let found: Vec<f64> = ring.scores.iter().map(|score| score[component]).collect();
        near(&found, &scores, 1e-6, "scores");
        let share = linear::dot(&scores, &scores) / all;
        assert!((ring.shares[component] - share).abs() < 1e-7, "{} {share}", ring.shares[component]);
        directions.push(direction);
    }
    // R^2 by the normal equations with an intercept.
    let coordinates: Vec<[f64; 2]> =
        drawn.iter().map(|task| task.function.plane().expect("a wave")).collect();
    let (mut left, mut about) = (0.0, 0.0);
    for target in 0..2 {
        let y: Vec<f64> = coordinates.iter().map(|of| of[target]).collect();
        let mean = y.iter().sum::<f64>() / 30.0;
        // Descent finds the same least squares, slowly.
        let scale = ring.scores.iter().flatten().fold(0.0_f64, |most, x| most.max(x.abs()));
        let mut fitted = [0.0; 3];
        let row = |i: usize| [1.0, ring.scores[i][0] / scale, ring.scores[i][1] / scale];
        for _ in 0..20_000 {
            let mut gradient = [0.0; 3];
            for (i, y) in y.iter().enumerate() {
                let error = linear::dot(&row(i), &fitted) - y;
                (0..3).for_each(|k| gradient[k] += error * row(i)[k] / 30.0);
            }
            (0..3).for_each(|k| fitted[k] -= gradient[k]);
        }
        left += y.iter().enumerate().map(|(i, y)| (y - linear::dot(&row(i), &fitted)).powi(2)).sum::<f64>();
        about += y.iter().map(|y| (y - mean).powi(2)).sum::<f64>();
    }
    assert!((ring.explained(&coordinates) - (1.0 - left / about)).abs() < 1e-8);
    // Coordinates that have nothing to do with the tasks are not explained.
    let others: Vec<[f64; 2]> = (0..30).map(|i| [(i as f64 * 2.4).sin(), (i as f64 * 4.1).cos()]).collect();
    assert!(ring.explained(&others) < 0.4);
}

#[test]
fn the_covariance_is_what_sampling_finds() {
    let x = grid(X, 6);
    let sine = |phase, frequency| {
        let own = SineSettings { phase, frequency, ..SineSettings::default() }.values();
        TaskSettings { own, ..TaskSettings::default() }
    };
    let turn = std::f64::consts::TAU;
    let mut families =
        vec![sine([0.0, turn], [1.0, 1.0]), sine([0.3, 1.5], [1.0, 1.0]), sine([0.0, 2.0], [0.5, 1.5])];
    // Every other family as it is where nobody says anything.
    let others = crate::task::families::FAMILIES.iter().skip(1).filter(|family| family.name() != "table");
    let others = others.map(|family| TaskSettings {
        family: *family,
        own: crate::config::Values::default().of(family.keys()),
        ..TaskSettings::default()
    });
    families.extend(others);
    for settings in families {
        let count = if settings.family.name() == "gp" { 8_000 } else { 40_000 };
        let drawn = illustration(&settings, 5, count);
        let values: Vec<Vec<f64>> =
            drawn.iter().map(|task| x.iter().map(|x| task.at(*x)).collect()).collect();
        let found = covariance(&settings, &x);
        let largest = found.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        for (place, found) in found.iter().enumerate() {
            let (row, column) = (place / 6, place % 6);
            let sampled = values.iter().map(|y| y[row] * y[column]).sum::<f64>() / values.len() as f64;
            let what = settings.family.name();
            assert!((found - sampled).abs() < 0.05 * largest, "{what} {row} {column}: {found} for {sampled}");
        }
    }
    // Whole turns of phases leave cos(x - x').
    let found = covariance(&sine([0.0, turn], [1.0, 1.0]), &x);
    let cosines: Vec<f64> = x.iter().flat_map(|one| x.iter().map(move |other| (one - other).cos())).collect();
    assert!((alignment(&found, &cosines) - 1.0).abs() < 1e-12);
    assert!(alignment(&found, &cosines.iter().map(|x| -x).collect::<Vec<_>>()) < -0.999);
}

/// A network that reads its points, after a few outer steps.
fn reading(algorithm: &str) -> Weights {
    weights(Algorithm::find(algorithm).expect("a learner of that name"), 2, Activation::Relu)
}

#[test]
fn units_of_networks_that_read_are_sums_written_out_anew() {
    let (x, (support, _)) = (grid(X, 21), tasks(1).remove(0));
    let truth = Points { y: x.iter().map(|x| x.sin()).collect(), x: x.clone() };
    let weights = reading("cnp");
    let scale = weights.adaptation.inner.scale().expect("it has one");
    let layers = read_units(&weights, &support, &truth, 1);
    let names: Vec<(&str, bool)> =
        layers.iter().map(|layer| (layer.layer.as_str(), layer.is_of_point)).collect();
    let (point, asked) = (true, false);
    assert_eq!(
        names,
        [("encoder.0", point), ("encoder.1", point), ("decoder.0", asked), ("decoder.1", asked)]
    );
    // Tensor by tensor out of the checkpoint's numbers: inputs of a layer side by side, rows of a unit each.
    let dense = |name: &str, inputs: &[Vec<f64>]| -> Vec<f64> {
        let (mut from, mut sums, mut parts) = (0, Vec::new(), inputs.iter());
        for tensor in weights.tensors() {
            let values = &weights.values[from..from + tensor.count()];
            from += tensor.count();
            if tensor.name == format!("{name}.bias") {
                sums.resize(values.len(), 0.0);
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            } else if tensor.name == format!("{name}.weight") {
                let input = parts.next().expect("an input of its own");
                sums.resize(values.len() / input.len(), 0.0);
                for (sum, row) in sums.iter_mut().zip(values.chunks(input.len())) {
                    *sum += row.iter().zip(input).map(|(w, x)| w * x).sum::<f64>();
                }
            }
        }
        sums
    };
    let rectified = |z: Vec<f64>| z.into_iter().map(|z| z.max(0.0)).collect::<Vec<f64>>();
    let seen = |x: f64| vec![(x - scale.x_center) / scale.x_scale];
    let encoder = |x: f64, y: f64| {
        let first = rectified(dense("encoder.0", &[seen(x), vec![y / scale.y_scale]]));
        let second = rectified(dense("encoder.1", std::slice::from_ref(&first)));
        [first, second]
    };
    let all: Vec<Vec<f64>> =
        support.x.iter().zip(&support.y).map(|(x, y)| encoder(*x, *y)[1].clone()).collect();
    let mean = (0..16).map(|unit| all.iter().map(|row| row[unit]).sum::<f64>() / all.len() as f64);
    let r = dense("encoder.2", &[mean.collect()]);
    near(&read(&weights, &support).expect("it sums its points up"), &r, 1e-12, "r");
    for (at, &x) in x.iter().enumerate() {
        let first = rectified(dense("decoder.0", &[r.clone(), seen(x)]));
        let decoder = [first.clone(), rectified(dense("decoder.1", &[first]))];
        let [before, after] = [0.0, truth.y[at]].map(|y| encoder(x, y));
        for layer in 0..2 {
            let row = |values: &[f64]| values[16 * at..16 * at + 16].to_vec();
            let name = &layers[layer].layer;
            near(&row(&layers[layer].before), &before[layer], 1e-12, name);
            near(&row(&layers[layer].after), &after[layer], 1e-12, name);
            near(&row(&layers[2 + layer].after), &decoder[layer], 1e-12, "decoder");
        }
    }
    // Of others: as many rows as x, and what answers is not as it was before a point was read.
    for (algorithm, moved) in [("transformer", "readout.0"), ("metafun", "decoder.1")] {
        let weights = reading(algorithm);
        let layers = read_units(&weights, &support, &truth, 2);
        assert!(
            layers.iter().all(|of| of.before.len() == of.width * 21 && of.after.len() == of.before.len())
        );
        let of = |name: &str| layers.iter().find(|of| of.layer == name && !of.is_of_point);
        assert!(of(moved).is_some_and(|of| of.before != of.after), "{algorithm}");
        // A query token is embedded as it is; features are asked for only where there are points.
        assert!(of("embedding.0").is_none_or(|of| of.before == of.after), "{algorithm}");
        assert!(layers.iter().any(|of| of.is_of_point && of.before != of.after), "{algorithm}");
        assert!(read(&weights, &support).is_none(), "{algorithm} sums nothing up");
    }
    for other in ["maml", "ridge-head"] {
        assert!(read_units(&reading(other), &support, &truth, 1).is_empty(), "{other} does not read");
    }
}

#[test]
fn a_point_that_is_read_does_what_the_ridge_heads_closed_form_says() {
    // The answer of a ridge head is linear in the y of its points, so differences of any size are its derivative.
    let weights = reading("ridge-head");
    let (x, (support, _)) = (grid(X, 11), tasks(1).remove(0));
    let does = by_points(&weights, &support, &x, 1);
    assert_eq!((does.len(), does[0].len()), (support.x.len(), x.len()));
    let predict = |y: Vec<f64>| {
        let query = Points { x: x.clone(), y: vec![0.0; x.len()] };
        let mut adapter = Adapter::on(&weights, Kernels::portable());
        adapter.take_task(&Points { x: support.x.clone(), y }, &query);
        adapter.descend();
        adapter.predict().0
    };
    let before = predict(support.y.clone());
    for (point, does) in does.iter().enumerate() {
        let mut y = support.y.clone();
        y[point] += 2.5;
        for ((after, before), does) in predict(y).iter().zip(&before).zip(does) {
            assert!((after - before - 2.5 * does).abs() < 1e-6, "{after} {before} {does}");
        }
    }
}
