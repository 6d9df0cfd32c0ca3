//! Everything a person can ask of the dashboard. A key or the mouse becomes one of these, and
//! [`super::update`] does it.

use super::state::{app::App, controls::Ask};

/// Which runs are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a view of one experiment the seed in view, on the Overview the selected experiment's runs.
    Here,
    /// Every run of the study.
    All,
}

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Leave.
    Quit,
    /// Leave, as interrupted.
    Interrupt,
    /// To the shell and back.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Next tab.
    NextView,
    /// Previous tab.
    PreviousView,
    /// The tab at this index.
    GoTo(usize),
    /// Open the help.
    Help,
    /// Start the guided tour, or leave it.
    Tour,
    /// Go to a further station of the tour, or back.
    Walk(i32),
    /// Back one step.
    Escape,
    /// Move the Overview's selection.
    Select(i32),
    /// Select the Overview's experiment of this index.
    SelectThis(usize),
    /// Open the selected experiment.
    Open,
    /// Next test task.
    NextTask,
    /// Previous test task.
    PreviousTask,
    /// Next one-sided test task.
    OneSided,
    /// Another order of the tasks or, on the Overview, of the experiments.
    Order,
    /// Hide the selected experiment.
    Hide,
    /// Show what was hidden.
    ShowAll,
    /// What sets experiments apart in the table, or their losses.
    Differences,
    /// The same y for every task, or what each one needs.
    FixY,
    /// Change n.
    Steps(i32),
    /// Change n on the Play view.
    PlaySteps(i32),
    /// Change the inner rate by tenths of a decade.
    Rate(i32),
    /// Change K.
    Shots(i32),
    /// Rate, K and n back to what the file says.
    Reset,
    /// Change the seed shown.
    Seed(i32),
    /// Compare with the next other experiment.
    Compare,
    /// Give the next pane the screen to itself.
    Focus,
    /// Start typing a command.
    Palette,
    /// Type the rest of the command that is chosen.
    Complete,
    /// Choose another of the commands that fit.
    Choose(i32),
    /// Start typing a number.
    Ask(Ask),
    /// Type a letter of it.
    Type(char),
    /// Erase the last letter.
    Erase,
    /// Take the number.
    Accept,
    /// Scroll the log or the help.
    Scroll(i32),
    /// Mean or median.
    Median,
    /// Move the cursor of a sweep so many cells to the right and down.
    Cell(i32, i32),
    /// Put the cursor of a sweep on this row and column.
    CellAt(usize, usize),
    /// Put the cursor of a sweep on its best cell.
    BestCell,
    /// Open the cell under the cursor as an experiment.
    OpenCell,
    /// Other values of a sweep's axes that are not on the map.
    Slice(i32),
    /// Other axes of a sweep on the map.
    TurnAxes,
    /// Move the selection among the published figures.
    Figure(i32),
    /// The next test set.
    NextTest,
    /// Log axis for n.
    LogX,
    /// Log axis for the loss.
    LogY,
    /// Smooth the training loss more or, after the most, not at all.
    Smooth,
    /// Move the crosshair.
    Crosshair(i32),
    /// Zoom in.
    Zoom,
    /// Out of every zoom.
    Whole,
    /// Pan.
    Pan(i32),
    /// Look further back or forward in training, by notches.
    Travel(i32),
    /// Play training again, or pause.
    PlayPause,
    /// Look at the newest networks again.
    Now,
    /// Pause runs, or let them go on.
    Pause(Scope),
    /// End runs.
    Stop(Scope),
    /// Start runs over.
    StartOver(Scope),
    /// One more seed for an experiment.
    MoreSeeds,
    /// Make the edited file the study.
    ApplyFile,
    /// Open the file in an editor.
    EditFile,
    /// Train here what another process trains, or has trained.
    TakeOver,
    /// Do what was asked about.
    Yes,
    /// Leave it.
    No,
    /// Undo: in Play the last change of its task, else bring back what was put aside last.
    BringBack,
    /// Go to the view of the letter that follows.
    AskView,
    /// Go to the view of this letter.
    View(char),
    /// To the first or the last of a list.
    Ends(bool),
    /// Ten of a list down or up.
    Pages(i32),
    /// Take the mouse, or give it back.
    Mouse,
    /// Search the help or, on the Overview, the experiments.
    Search,
    /// Write (and copy) what the view shows.
    Take {
        /// Also into the clipboard.
        copy: bool,
    },
    /// Move the Play cursor.
    Cursor(i32, i32),
    /// Place a support point.
    Place,
    /// Place a support point on the wave.
    PlaceOnWave,
    /// Take up or let go of a support point.
    Grab,
    /// Delete a support point.
    Remove,
    /// Delete every support point.
    Clear,
    /// A hard task.
    Surprise,
    /// Place a support point here.
    PlaceAt {
        /// Input.
        x: f64,
        /// Target; `None` lies on the wave.
        y: Option<f64>,
    },
    /// Take hold of this support point.
    Hold(usize),
    /// Move the held support point here.
    DragTo {
        /// Input.
        x: f64,
        /// Target.
        y: f64,
    },
    /// Let go of the held support point.
    LetGo,
    /// Delete this support point.
    Delete(usize),
    /// Change the wave's height.
    Amplitude(i32),
    /// Shift the wave.
    Phase(i32),
    /// Change the noise.
    Noise(i32),
}

impl Action {
    /// Whether it changes what is trained, which only whoever trains can do.
    pub fn steers(self) -> bool {
        matches!(
            self,
            Action::Pause(_)
                | Action::Stop(_)
                | Action::StartOver(_)
                | Action::MoreSeeds
                | Action::BringBack
                | Action::ApplyFile
                | Action::EditFile
        )
    }

    /// Whether it can do anything here and now.
    pub fn is_offered(self, app: &App) -> bool {
        match self {
            // In Play it changes nothing that is trained.
            Action::BringBack if app.view.kind.undoes => true,
            _ if self.steers() => app.trains_here(),
            Action::Rate(_) | Action::Ask(Ask::Rate) => app.has_rate(),
            Action::TakeOver => !app.trains_here() && app.hands.can_take && !app.hands.asked,
            _ => true,
        }
    }
}
