//! What throws work away asks once, and what was put aside can be brought back.

use crate::{
    results::text::count,
    study::Control,
    ui::{
        action::{Action, Scope},
        state::{
            app::{App, Effect},
            controls::{Losing, Question, Undo},
            file::Edited,
        },
    },
};

impl App {
    /// What is to be asked before this is done; `None` if nothing would be lost.
    pub(in crate::ui) fn question(&self, action: Action) -> Option<Question> {
        match action {
            Action::StartOver(scope) => {
                let (runs, name) = self.meant(scope);
                let begun = |run: &&usize| self.runs[**run].step > 0 || self.runs[**run].has_ended();
                let begun: Vec<usize> = runs.iter().filter(begun).copied().collect();
                let steps =
                    begun.iter().fold(0, |steps: u64, run| steps.saturating_add(self.runs[*run].step));
                let text = format!("{name}: start over, and put {} steps aside?", count(steps));
                let of = Losing::StartOver { all: scope == Scope::All };
                (!begun.is_empty()).then_some(Question { text, of })
            }
            Action::Stop(Scope::All) => {
                let moving = self.active().filter(|run| !self.runs[*run].has_ended()).count();
                let text = format!("stop every run? {moving} have not ended");
                (moving > 0).then_some(Question { text, of: Losing::StopAll })
            }
            Action::ApplyFile => match &self.edited {
                Some(Edited::Changed { runs: [_, gone, _], .. }) if *gone > 0 => {
                    let text = format!("apply the file? {gone} runs leave the study");
                    Some(Question { text, of: Losing::Apply })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What was asked about is done.
    pub(in crate::ui) fn answer_yes(&mut self) {
        match self.question.take().map(|question| question.of) {
            Some(Losing::StartOver { all: true }) => self.start_over(Scope::All),
            Some(Losing::StartOver { all: false }) => self.start_over(Scope::Here),
            Some(Losing::StopAll) => self.stop(Scope::All),
            Some(Losing::Apply) => self.apply_file(),
            None => {}
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
