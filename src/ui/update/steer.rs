//! What a person does with runs: pause, go on, stop, start over, more seeds, and making the edited file
//! the study. Here it becomes something for the main loop to ask the study for; what comes of it is told
//! as events.

use crate::{
    results::text::count,
    study::Control,
    ui::state::{
        app::{App, Effect},
        controls::Undo,
        file::Edited,
        runs::Phase,
        said::So,
    },
};

/// Which runs are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a view of one experiment the seed in view, on the Overview the selected experiment's runs.
    Here,
    /// Every run of the study.
    All,
}

/// Starts runs over; asks first where steps would be put aside.
pub fn start_over(app: &mut App, scope: Scope) {
    let (runs, name) = app.meant(scope);
    let begun = |run: &&usize| app.runs[**run].step > 0 || app.runs[**run].has_ended();
    let begun: Vec<usize> = runs.iter().filter(begun).copied().collect();
    if begun.is_empty() {
        return app.start_over(scope);
    }
    let steps = begun.iter().fold(0, |steps: u64, run| steps.saturating_add(app.runs[*run].step));
    let text = format!("{name}: start over, and put {} steps aside?", count(steps));
    app.ask(
        text,
        match scope {
            Scope::Here => |app| app.start_over(Scope::Here),
            Scope::All => |app| app.start_over(Scope::All),
        },
    );
}

/// Stops every run; asks first where some have not ended.
pub fn stop_all(app: &mut App) {
    let moving = app.active().filter(|run| !app.runs[*run].has_ended()).count();
    match moving {
        0 => app.stop(Scope::All),
        _ => app.ask(format!("stop every run? {moving} have not ended"), |app| app.stop(Scope::All)),
    }
}

/// Makes the edited file the study; asks first where runs would leave it. Where none was edited it is read.
pub fn apply_file(app: &mut App) {
    match &app.edited {
        Some(Edited::Changed { runs: [_, gone, _], .. }) if *gone > 0 => {
            app.ask(format!("apply the file? {gone} runs leave the study"), App::apply_file);
        }
        _ => app.apply_file(),
    }
}

/// Asks for the file to be opened: at its first problem, or at the experiment in view.
pub fn edit_file(app: &mut App) {
    let line = match &app.edited {
        Some(Edited::Broken { named: None, place: Some((line, _)), .. }) => *line,
        _ => 0,
    };
    app.effects.push(Effect::Edit { line });
}

impl App {
    /// The runs that are meant, and what a person would call them.
    fn meant(&self, scope: Scope) -> (Vec<usize>, String) {
        let here = self.experiments_here();
        let Some(&index) = here.first() else { return (Vec::new(), String::new()) };
        // On the map of a sweep it is the cell under the cursor with all of its seeds.
        let is_map = self.view.kind.sweep;
        let name = match self.sweep_of(index).filter(|_| self.view.experiment.is_none()) {
            Some(sweep) => &sweep.grid.name,
            None => &self.experiments[index].settings.name,
        };
        match (scope, self.view.experiment.filter(|_| !is_map)) {
            (Scope::All, _) => (self.active().collect(), "every run".to_owned()),
            (Scope::Here, Some(_)) => match self.chosen_run(index) {
                Some(run) => (vec![run], format!("{name}, seed {}", self.runs[run].seed)),
                None => (Vec::new(), name.clone()),
            },
            (Scope::Here, _) => {
                let runs = here.iter().flat_map(|index| self.experiments[*index].runs.iter().copied());
                (runs.collect(), name.clone())
            }
        }
    }

    /// Asks for something to be done with those of the runs for which it makes sense.
    fn control(&mut self, runs: &[usize], of: impl Fn(&Phase) -> bool, control: Control) -> bool {
        let runs: Vec<usize> = runs.iter().copied().filter(|run| of(&self.runs[*run].phase)).collect();
        let any = !runs.is_empty();
        if any {
            self.effects.push(Effect::Control(runs, control));
        }
        any
    }

    /// Pauses what moves; if nothing does, lets what waits or was stopped go on.
    pub(in crate::ui) fn pause_or_go_on(&mut self, scope: Scope) {
        let (runs, name) = self.meant(scope);
        let moves = |phase: &Phase| matches!(phase, Phase::Queued | Phase::Training);
        let waits = |phase: &Phase| matches!(phase, Phase::Paused | Phase::Stopped);
        if self.control(&runs, moves, Control::Pause) {
            self.say_while(format!("{name}: paused; {} goes on", self.key_of("pause")), So::Held(runs));
        } else if self.control(&runs, waits, Control::Start) {
            self.say(format!("{name}: goes on"));
        } else {
            self.say(format!("{name}: has ended; {} starts it over", self.key_of("start-over")));
        }
    }

    /// Ends what has not ended.
    pub(in crate::ui) fn stop(&mut self, scope: Scope) {
        let (mut runs, name) = self.meant(scope);
        let unended = |phase: &Phase| matches!(phase, Phase::Queued | Phase::Training | Phase::Paused);
        runs.retain(|run| unended(&self.runs[*run].phase));
        if self.control(&runs, unended, Control::Stop) {
            self.undo = Some(Undo::Stopped(runs.clone()));
            let [pause, over] = ["pause", "start-over"].map(|name| self.key_of(name));
            let said =
                format!("{name}: stopped, what it has reached is kept; {pause} goes on, {over} starts over");
            self.say_while(said, So::Held(runs));
        } else {
            self.say(format!("{name}: has ended already"));
        }
    }

    /// Starts over, whatever it is doing.
    fn start_over(&mut self, scope: Scope) {
        let (runs, name) = self.meant(scope);
        self.control(&runs, |_| true, Control::Restart);
        self.undo = Some(Undo::StartedOver(runs));
        self.say(format!("{name}: starts over; {} brings back what was there", self.key_of("bring-back")));
    }

    /// Adds the next seed to an experiment.
    pub(in crate::ui) fn one_more_seed(&mut self) {
        let mut study = self.study.clone();
        let (mut said, here) = (None, self.experiments_here().to_vec());
        for index in &here {
            let Some(experiment) = study.experiments.get_mut(*index) else { return };
            let next = experiment.seeds.iter().max().map_or(Some(0), |most| most.checked_add(1));
            let Some(seed) = next else { return self.say("there is no larger seed") };
            experiment.seeds.push(seed);
            said = Some(format!("{}: seed {seed} joins the queue", experiment.name));
        }
        let Some(said) = said else { return };
        self.effects.push(Effect::Plan(Box::new(study)));
        match here.len() {
            1 => self.say(said),
            cells => self.say(format!("one more seed of each of {cells} cells joins the queue")),
        }
    }

    /// Makes the edited file the study.
    fn apply_file(&mut self) {
        match self.edited.take() {
            Some(Edited::Changed { study, runs: [start, gone, same], .. }) => {
                self.undo = Some(Undo::Study(Box::new(self.study.clone())));
                self.effects.push(Effect::Plan(study));
                self.say(format!(
                    "applied: {start} runs start, {gone} leave the study, {same} stay as they are; {} undoes it",
                    self.key_of("bring-back")
                ));
            }
            Some(broken) => {
                self.edited = Some(broken);
                self.say(format!(
                    "the file cannot be used as it is; {} opens it at the first problem",
                    self.key_of("edit-file")
                ));
            }
            None => {
                self.effects.push(Effect::Read);
                self.say("the file is read again; as it was last read, it says what runs");
            }
        }
    }

    /// Brings back what was put aside last.
    pub(in crate::ui) fn bring_back(&mut self) {
        match self.undo.take() {
            Some(Undo::StartedOver(runs)) => {
                self.say(format!("{} runs are what they were", runs.len()));
                self.effects.push(Effect::Control(runs, Control::Restore));
            }
            Some(Undo::Stopped(runs)) => {
                self.say(format!("{} runs go on", runs.len()));
                self.effects.push(Effect::Control(runs, Control::Start));
            }
            Some(Undo::Study(study)) => {
                self.say("the study is what it was");
                self.effects.push(Effect::Plan(study));
            }
            None => self.say("nothing was put aside since the dashboard opened"),
        }
    }
}
