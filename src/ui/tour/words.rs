//! What the stations of the guided tour say: of the reader's own study, in figures that are worked out, or that nobody
//! knows.

use crate::{
    eval::{Average, LossAxis},
    learner::OuterGradient,
    model::Order,
    results::text::number,
    task::TestTask,
    ui::{state::app::App, views::why},
};

/// The first experiment of this algorithm.
pub fn experiment(app: &App, algorithm: &str) -> Option<usize> {
    app.experiments.iter().position(|experiment| experiment.settings.algorithm.name() == algorithm)
}

/// The first experiment whose network reads its points.
pub fn reader(app: &App) -> Option<usize> {
    let reads = |index: &usize| app.experiments[*index].settings.adaptation().inner.scale().is_some();
    (0..app.experiments.len()).find(reads)
}

/// The mean loss over the test tasks and seeds after n steps, once there is a result.
fn loss(app: &App, experiment: usize, n: usize) -> Option<f64> {
    app.result(experiment)?.mean.get(n).copied().filter(|loss| loss.is_finite())
}

/// The losses on the task in view after these steps.
fn here<const N: usize>(app: &App, experiment: usize, steps: [usize; N]) -> Option<[String; N]> {
    let losses = steps.map(|n| app.fit_after(experiment, n).map(|fit| number(fit.loss)));
    losses.iter().all(Option::is_some).then(|| losses.map(Option::unwrap_or_default))
}

fn prior(app: &App, experiment: usize) -> String {
    number(app.set(experiment).prior(app.curves.average, None))
}

/// One of the tasks in a word.
fn word(app: &App, experiment: usize) -> &'static str {
    app.set(experiment).task.family.word()
}

/// What the sides of a task are sides of.
fn middle(task: &TestTask) -> &'static str {
    if task.function.family.table().is_some() { "the middle" } else { "zero" }
}

/// What is said in place of a figure that there is not yet.
const LATER: &str = "Its figures come as its runs end.";

/// The problem.
pub fn problem(app: &App, index: usize) -> String {
    let set = app.set(index);
    let one = set.task.family.one();
    let points = app.shown_task(index).map_or(set.task.shots.most, |task| task.support.x.len());
    let seen = match here(app, index, [0, 1]) {
        Some([start, one]) => {
            format!("Before a step this network's test loss on it is {start}, after one step {one}.")
        }
        None => "The network comes with the first report of its training.".to_owned(),
    };
    // Of a task of a table nothing is known between its points.
    let (asked, marks) = match set.task.family.table() {
        Some(_) => (format!("Each {} is asked for: a point of", app.styles.asked_mark()), "other marks"),
        None => ("The dotted line is".to_owned(), "marks"),
    };
    format!(
        "{asked} {one} that no network has seen, and the {marks} are the {points} points of it that one is shown. From these, \
         and a step or a few of gradient descent, it is to draw the rest. {seen} {} goes to another {}.",
        app.key_of("next-task"),
        word(app, index)
    )
}

/// Many tasks.
pub fn waves(app: &App, _: usize) -> String {
    let Some(set) = app.sets.first() else { return LATER.to_owned() };
    format!(
        "Every task is another one, {}. To all that there can be, the best answer of a network that does not know which \
         one is meant is their average, which has a test loss of {} on the test tasks. Whoever is to be below that has to look \
         at the points of the task at hand.",
        set.task.family.one(),
        number(set.prior(Average::Mean, None))
    )
}

/// Transfer learning.
pub fn transfer(app: &App, index: usize) -> String {
    let figures = match (loss(app, index, 0), loss(app, index, 10)) {
        (Some(start), Some(ten)) => format!(
            "Over all test tasks its loss is {} before and {} after ten steps; the best guess without points has {}.",
            number(start),
            number(ten),
            prior(app, index)
        ),
        _ => LATER.to_owned(),
    };
    format!(
        "Transfer learning trains on all tasks at once and hopes that what it has learned is of use for a new one. The \
         best single answer to all of them is their average. {figures}"
    )
}

/// What MAML asks for.
pub fn asks(app: &App, index: usize) -> String {
    let training = &app.experiments[index].settings.training;
    let (steps, through) = match training.inner_steps {
        1 => ("one step".to_owned(), "the inner step, and the derivative runs through that step"),
        steps => (format!("{steps} steps"), "the inner steps, and the derivative runs through all of them"),
    };
    let cut = match training.order {
        Order::Exact => ", and here it is exact.",
        Order::First => ", which this file leaves out: with order = \"first\" inner gradients are constants.",
    };
    let added = match training.outer_gradient {
        OuterGradient::Meta => "",
        OuterGradient::MetaPlusInner => {
            " And this file asks for a good start too: \"meta+inner\" adds the gradient before the step."
        }
    };
    format!(
        "MAML does not ask a network to be good, but to be good after {steps} on a task's points: its loss is taken \
         at the weights after {through} back to the weights before. That is a derivative of a derivative{cut}{added}"
    )
}

/// One step.
pub fn one_step(app: &App, index: usize) -> String {
    let on_this = match here(app, index, [0, 1]) {
        Some([start, one]) => format!("On this {} one step goes from {start} to {one}.", word(app, index)),
        None => String::new(),
    };
    let on_all = match (loss(app, index, 0), loss(app, index, 1), loss(app, index, 10)) {
        (Some(start), Some(one), Some(ten)) => format!(
            "Over all test tasks and seeds: {} before, {} after one step, {} after ten.",
            number(start),
            number(one),
            number(ten)
        ),
        _ => LATER.to_owned(),
    };
    format!(
        "{on_this} {on_all} {} and {} change n, {} goes back to what it was in the middle of its training.",
        app.key_of("more-steps"),
        app.key_of("fewer-steps"),
        app.key_of("travel-back")
    )
}

/// Points on one side.
pub fn one_sided(app: &App, index: usize) -> String {
    let Some(task) = app.shown_task(index) else { return LATER.to_owned() };
    if !task.is_one_sided() {
        return format!(
            "None of these test tasks has all of its points on one side of {}. On such a task it would show whether a \
             network has learned what the tasks have in common.",
            middle(&task)
        );
    }
    let word = word(app, index);
    let losses = match here(app, index, [0, 1, 10]) {
        Some([start, one, ten]) => {
            format!("Its loss goes from {start} to {one} after one step and {ten} after ten.")
        }
        None => LATER.to_owned(),
    };
    format!(
        "All points of this {word} lie on one side of {}. On the other side there is none to go by: what the network draws \
         there comes of what it has learned of {word}s. {losses} {} goes to the next such {word}.",
        middle(&task),
        app.key_of("one-sided-task")
    )
}

/// First-order MAML.
pub fn first_order(app: &App, index: usize) -> String {
    let figures = match loss(app, index, 10) {
        Some(loss) => format!("Over all test tasks that comes to {} after ten steps.", number(loss)),
        None => LATER.to_owned(),
    };
    // Beside MAML only where nothing else is different, and with its interval.
    let costs = app.of_second_derivative().unwrap_or_default();
    format!(
        "First-order MAML takes the gradient at the weights after the inner step and acts as if it were that of the \
         weights before: no second derivative. {figures} {costs}"
    )
}

/// Reptile.
pub fn reptile(app: &App, index: usize) -> String {
    let steps = app.experiments[index].settings.training.inner_steps;
    let steps = if steps == 1 { "one step".to_owned() } else { format!("{steps} steps") };
    let figures = match (loss(app, index, 1), loss(app, index, 10)) {
        (Some(one), Some(ten)) => {
            format!("Over all test tasks: {} after one step, {} after ten.", number(one), number(ten))
        }
        _ => LATER.to_owned(),
    };
    format!(
        "Reptile needs no query points and no derivative of a step: it takes {steps} on a task and moves the \
         initial weights a little towards where they have led. {figures}"
    )
}

/// What came out.
pub fn contest(app: &App, _: usize) -> String {
    match app.found().join(" ") {
        said if said.is_empty() => {
            "Which systems are lowest is told here as soon as two of them have results.".to_owned()
        }
        said => said,
    }
}

/// What to try next.
pub fn next(app: &App, _: usize) -> String {
    let file = &app.file;
    let edit = match (app.study.path.is_some(), app.trains_here()) {
        (true, true) => format!(
            "{} opens {file}: try inner_steps = 5, shots = 5, or phase = [0.0, 3.1416]; {} trains what has changed.",
            app.key_of("edit-file"),
            app.key_of("apply-file")
        ),
        (true, false) => format!(
            "Whoever trains can change {file}: inner_steps = 5, shots = 5, or phase = [0.0, 3.1416] are worth a try."
        ),
        (false, _) => {
            "In a folder of your own, `metascope init` writes an experiments file to change.".to_owned()
        }
    };
    format!(
        "{} plays the training again, everywhere. {} p goes to Play: place points by hand and see what each system \
         makes of them. {edit} `metascope init --preset zoo` has more ways to adapt by steps, `in-context` those that read the points. {} walks this tour again.",
        app.key_of("replay"),
        app.key_of("view-of-letter"),
        app.key_of("tour")
    )
}

/// Whether something is more than a little larger than something else.
fn is_above(one: f64, other: f64) -> bool {
    one > 1.05 * other
}

/// What is said in place of a figure that is being worked out, or before there is a network to have any.
fn waiting(app: &App, index: usize) -> &'static str {
    match app.chosen_run(index).is_some_and(|run| app.shown_snapshot(run).is_some()) {
        true => "Its figures are being worked out.",
        false => "Its figures come with the first report of its training.",
    }
}

/// Why transfer learning stays where it is: a guess.
pub fn guess_transfer(app: &App, index: usize) -> String {
    let losses = match here(app, index, [0, 10]) {
        Some([start, ten]) => {
            format!("Its loss on this {} is {start} before and {ten} after ten steps.", word(app, index))
        }
        None => LATER.to_owned(),
    };
    format!(
        "{losses} Guess before you look: is its gradient 0, are ten steps of this rate too short for any network, or do its \
         points move the curve too little? {} shows what a point does to it, beside MAML.",
        app.key_of("next-station")
    )
}

/// Why it does, by its kernel.
pub fn transfer_stays(app: &App, index: usize) -> String {
    let maml = experiment(app, "maml");
    let lift = |index| why::figure(app, index, "lift");
    let alignment = |index| why::figure(app, index, "alignment");
    let (Some(own), Some(theirs)) = (lift(index), maml.and_then(lift)) else {
        return match lift(index) {
            Some(own) => format!(
                "A point that lies 1 above lifts its curve by {} where it is. A file with algorithm = \"maml\" has what that \
                 is to be held against.",
                number(own)
            ),
            None => waiting(app, index).to_owned(),
        };
    };
    let answer = match theirs > 2.0 * own {
        true => format!(
            "A step moves MAML's curve {} times as far: its training has not made points count as much.",
            number(theirs / own)
        ),
        false => "These two networks move about as far, so this is not why.".to_owned(),
    };
    let alike = match (alignment(index), maml.and_then(alignment)) {
        (Some(own), Some(theirs)) => format!(
            " Its kernel is as like the tasks' covariance as {own:.2}, MAML's {theirs:.2} (1 is alike)."
        ),
        _ => String::new(),
    };
    format!(
        "A point that lies 1 above lifts its curve by {} where it is, that of MAML by {}. {answer}{alike}",
        number(own),
        number(theirs)
    )
}

/// The kernel: a guess.
pub fn guess_kernel(app: &App, _: usize) -> String {
    format!(
        "Suppose that a single point lies above this curve, at one x. After a step on it, will the curve rise there alone, \
         everywhere, or rise here and fall there? Guess; {} shows it for every x.",
        app.key_of("next-station")
    )
}

/// The kernel.
pub fn kernel(app: &App, index: usize) -> String {
    let (Some(negative), Some(alignment)) =
        (why::figure(app, index, "negative"), why::figure(app, index, "alignment"))
    else {
        return waiting(app, index).to_owned();
    };
    let sign = match negative > 0.0 {
        true => {
            format!("{:.0} % of it is below 0: there a point above pushes the curve down.", 100.0 * negative)
        }
        false => {
            "Nothing of it is below 0: a point only pulls its own way, here more and there less.".to_owned()
        }
    };
    format!(
        "A column of the map is one point's answer; {} and {} choose it. {sign} A network that knew the tasks would have the \
         dotted line, which the tasks themselves have: its alignment would be 1, and is {alignment:.2}. {} goes back in its \
         training, {} plays it.",
        app.key_of("cursor-left"),
        app.key_of("cursor-right"),
        app.key_of("travel-back"),
        app.key_of("replay")
    )
}

/// Points on one side: a guess.
pub fn guess_other_side(app: &App, index: usize) -> String {
    let Some(task) = app.shown_task(index) else { return LATER.to_owned() };
    let (seen, unseen) = match task.support.x.iter().all(|x| *x >= task.middle()) {
        true => ("right", "left"),
        false => ("left", "right"),
    };
    if !task.is_one_sided() {
        return format!(
            "None of these test tasks has all of its points on one side of {}, so there is nothing to guess.",
            middle(&task)
        );
    }
    let word = word(app, index);
    format!(
        "All points of this {word} lie on the {seen}, and this is the network before any step. Where will the {unseen} half go: \
         will it stay, go where the points go, or turn with the {word}? Guess; {} takes ten steps.",
        app.key_of("next-station")
    )
}

/// One step, point by point.
pub fn points(app: &App, index: usize) -> String {
    let keys = format!(
        "{} places a point at the cursor, {} takes up the next one, {} drops it, {} undoes.",
        app.key_of("place-point"),
        app.key_of("grab"),
        app.key_of("delete-point"),
        app.key_of("undo")
    );
    let Some(share) = why::figure(app, index, "linear share") else {
        return format!("{} {keys}", waiting(app, index));
    };
    let share = match share {
        share if share >= 0.95 => format!(
            "Of this step {:.1} % is that sum: one can read it off its points. That is not so of every network, and a random \
             one has it too.",
            100.0 * share
        ),
        share if share > 0.0 => format!(
            "Of this step only {:.0} % is that sum: what the points do together is more than each of them does.",
            100.0 * share
        ),
        _ => "Of this step nothing is that sum.".to_owned(),
    };
    format!(
        "A step moves the curve by a sum over its points, as far as the network does not bend. {share} {keys}"
    )
}

/// Head or body: a guess.
pub fn guess_head(app: &App, _: usize) -> String {
    format!(
        "What changes in this network when it takes its step? Either its features stay and the output layer (the head) weighs \
         them anew, or hidden layers (the body) move the features. Guess; {} takes the step with each alone.",
        app.key_of("next-station")
    )
}

/// Head or body.
pub fn head_or_body(app: &App, index: usize) -> String {
    let figure = |name| why::figure(app, index, name);
    let (Some(head), Some(body)) = (figure("head alone"), figure("body alone")) else {
        return waiting(app, index).to_owned();
    };
    let (Some(before), Some(after), Some(share)) = (figure("before"), figure("after"), figure("head")) else {
        return waiting(app, index).to_owned();
    };
    // How much of the way each goes by itself.
    let way = |loss: f64| (before - loss) / (before - after);
    let answer = match (way(head) >= 0.6, way(body) >= 0.6) {
        _ if before <= after => "This step is no gain, so there is nothing to share out.",
        (true, false) => "So it is the head that changed, on features that stay nearly as they are.",
        (false, true) => "So it is the body that changed: the features move.",
        (true, true) => "So either would do most of it.",
        (false, false) => "So neither does it alone: head and body change together.",
    };
    let [before, after, head, body] = [before, after, head, body].map(number);
    format!(
        "Over the test tasks the loss goes from {before} to {after}; with the head alone to {head}, with the body alone to \
         {body}, and the head has {share:.2} of the sum of the points. {answer} Another network of the same loss may do it the \
         other way: `metascope init --preset two-ways`."
    )
}

/// Why first-order MAML starts where it does.
pub fn high_start(app: &App, index: usize) -> String {
    let figure = |name| why::figure(app, index, name);
    let (Some(start), Some(prior), Some(looks)) = (figure("start"), figure("best guess"), figure("looks"))
    else {
        return waiting(app, index).to_owned();
    };
    let (Some(first), Some(exact)) = (figure("first-order opposed"), figure("exact opposed")) else {
        return waiting(app, index).to_owned();
    };
    let random = experiment(app, "random").and_then(|random| loss(app, random, 0));
    let random = random.map(|loss| format!(", a random network {}", number(loss))).unwrap_or_default();
    let told = format!(
        "Before any step it has a test loss of {}; the best guess without points has {}{random}.",
        number(start),
        number(prior)
    );
    let opposed = format!(
        "In {first} of {looks} looks at its training the first-order gradient was opposed to that of the loss before any step \
         (the exact one in {exact}): a step down it makes the start worse."
    );
    match (is_above(start, prior), first > 0.0) {
        (true, true) => format!(
            "{told} {opposed} {}",
            match figure("bad starts").zip(figure("unexplained")) {
                Some((bad, none)) if none > 0.0 => format!(
                    "Of {bad} seeds with such a start {none} never had it: that is half of an answer, and the rest nobody knows."
                ),
                _ => "Every seed with such a start has had it: it may be why, and that it is, nobody has shown.".to_owned(),
            }
        ),
        (true, false) => format!(
            "{told} In none of {looks} looks at its training was its gradient opposed to that of the start, which would explain \
             it. So nobody knows why."
        ),
        (false, true) => format!("{told} That is no bad start. {opposed} Yet the start has not gone bad."),
        (false, false) => format!(
            "{told} That is no bad start, and in none of {looks} looks was its gradient opposed to it."
        ),
    }
}

/// Reptile's k: a guess.
pub fn guess_reptile(app: &App, _: usize) -> String {
    format!(
        "Reptile takes no derivative of a step and no query points: it goes towards where k steps have led. So what does it \
         become with k = 1, and where does what MAML gets from second derivatives come from? Guess; {} trains it here.",
        app.key_of("next-station")
    )
}

/// Reptile's k.
pub fn reptile_by_hand(app: &App, index: usize) -> String {
    let figure = |name| why::figure(app, index, name);
    let keys = format!(
        "{} and {} change k, and it is trained anew: try 3, then 10.",
        app.key_of("more-steps"),
        app.key_of("fewer-steps")
    );
    let (Some(apart), Some(one)) = (figure("apart"), figure("one")) else {
        return format!("{} {keys}", waiting(app, index));
    };
    let why = match figure("rounding") {
        Some(_) if apart > 0.0 => ", for stored weights are rounded",
        _ => "",
    };
    let first = format!(
        "One step back and forth is the gradient of transfer learning: after the same training no weight of the two is apart by \
         more than {apart:.0e}{why}."
    );
    let more = match (figure("more"), figure("adds")) {
        (Some(more), Some(adds)) => format!(
            " With k = {} the loss after one step is {} in place of {}. The gradient of a later step is taken where the step \
             before it led, so it differs from the first by a second derivative that nobody had to take: what these gradients \
             add has a cosine of {adds:.2} with what MAML's second derivatives add.",
            app.fit.n,
            number(more),
            number(one)
        ),
        _ => String::new(),
    };
    format!("{first}{more} {keys}")
}

/// A good rate: a guess.
pub fn guess_rate(app: &App, index: usize) -> String {
    let rate = app.experiments[index].settings.training.inner_lr;
    format!(
        "It was trained for steps of rate {}. Would twice the rate get there sooner? Ten times? And is the best rate of one step \
         the best of 32? Guess; {} tries 17 rates.",
        number(rate),
        app.key_of("next-station")
    )
}

/// A good rate.
pub fn rate(app: &App, index: usize) -> String {
    let figure = |name| why::figure(app, index, name);
    let trained = app.experiments[index].settings.training.inner_lr;
    let Some(one) = figure("best after 1") else { return waiting(app, index).to_owned() };
    let best = match figure("best after 32") {
        Some(many) if many < one => {
            format!(
                "The best rate of one step is {}, of 32 steps a smaller one, {}.",
                number(one),
                number(many)
            )
        }
        Some(many) if many > one => {
            format!(
                "The best rate of one step is {}, of 32 steps a larger one, {}.",
                number(one),
                number(many)
            )
        }
        Some(_) => format!("The best rate is {}, of one step and of 32.", number(one)),
        None => {
            format!("The best rate of one step is {}; within 32 steps every rate loses tasks.", number(one))
        }
    };
    let breaks = match figure("breaks at") {
        Some(breaks) => format!(
            "The smallest of them that loses a task within 32 steps is {}, {} times the rate it was trained with.",
            number(breaks),
            number(breaks / trained)
        ),
        None => "No rate that is tried loses a task.".to_owned(),
    };
    let near = match (one / trained).ln().abs() < 0.5 {
        true => "So a good rate is about the one that it was trained for.",
        false => "So after one step another rate than that of its training is the lowest.",
    };
    format!("{best} {breaks} {near}")
}

/// Reading instead of stepping.
pub fn reading(app: &App, _: usize) -> String {
    let Some(index) = reader(app) else { return String::new() };
    let name = |index: usize| app.experiments[index].settings.name.as_str();
    // After one point and after ten, where the study has tested that.
    let at = |index: usize| {
        let over = app.result_along(index, LossAxis::Points)?;
        let [one, ten] = [1, 10].map(|k| over.mean.get(k).copied().filter(|loss| loss.is_finite()));
        Some(format!(
            "{} is at {} after one point and at {} after ten",
            name(index),
            number(one?),
            number(ten?)
        ))
    };
    // Beside it one that takes gradient steps.
    let steps = ["maml", "first-order-maml", "reptile"].into_iter().find_map(|one| experiment(app, one));
    let figures = match (at(index), steps.and_then(at)) {
        (Some(read), Some(stepped)) => format!("Over all test tasks {read}; {stepped}."),
        (Some(read), None) => format!("Over all test tasks {read}."),
        (None, _) => match (loss(app, index, 0), loss(app, index, 1)) {
            (Some(before), Some(after)) => format!(
                "Over all test tasks its loss is {} before it has read a task's points and {} after.",
                number(before),
                number(after)
            ),
            _ => LATER.to_owned(),
        },
    };
    format!(
        "{} takes no gradient step on a task. Its network is given the points as a part of its input and answers in one \
         pass: how to learn from points is what its weights have learned. {figures} In Play {} shows the points of a test \
         task to every system, one by one.",
        name(index),
        app.key_of("next-point")
    )
}
