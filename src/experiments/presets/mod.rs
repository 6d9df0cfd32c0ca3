//! Experiments files to start from: what `metascope init` writes, and what runs when there is no file.

/// A commented experiments file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// As given to `--preset`.
    pub name: &'static str,
    /// One line on what it shows.
    pub description: &'static str,
    /// The file.
    pub text: &'static str,
    /// The tables that it names, and what is in them.
    pub tables: &'static [(&'static str, &'static str)],
}

/// All presets; the first is the default and the built-in study.
pub fn presets() -> &'static [Preset] {
    &PRESETS
}

const PRESETS: [Preset; 14] = [
    Preset {
        name: "notebook",
        description: "the notebook's five systems with its settings, every line explained",
        text: include_str!("../../../experiments.toml"),
        tables: &[],
    },
    Preset {
        name: "quick",
        description: "the same five systems, small enough to finish in about a second",
        text: include_str!("quick.toml"),
        tables: &[],
    },
    Preset {
        name: "deeper",
        description: "more inner steps, a longer Reptile, larger meta-batches: what each of them buys",
        text: include_str!("deeper.toml"),
        tables: &[],
    },
    Preset {
        name: "gradients",
        description: "exact against first order, and the notebook's meta+inner against meta",
        text: include_str!("gradients.toml"),
        tables: &[],
    },
    Preset {
        name: "zoo",
        description: "every learner that trains, side by side, in some twenty seconds",
        text: include_str!("zoo.toml"),
        tables: &[],
    },
    Preset {
        name: "published",
        description: "figures of papers, and what is reached here, with verdicts; some minutes",
        text: include_str!("published.toml"),
        tables: &[],
    },
    Preset {
        name: "learned-rates",
        description: "Meta-SGD and MAML++: what learned rates buy, with clipping and without",
        text: include_str!("learned-rates.toml"),
        tables: &[],
    },
    Preset {
        name: "cavia",
        description: "how many context numbers it takes to know a wave, and how they see it",
        text: include_str!("cavia.toml"),
        tables: &[],
    },
    Preset {
        name: "sweep",
        description: "a sweep: inner rate x shots of MAML and Reptile as heat maps, in seconds",
        text: include_str!("sweep.toml"),
        tables: &[],
    },
    Preset {
        name: "in-context",
        description: "loss after 0 to 20 points beside the floor: who is lowest after how few",
        text: include_str!("in-context.toml"),
        tables: &[],
    },
    Preset {
        name: "noise",
        description: "noisy points: how close each learner comes to the best guess there is",
        text: include_str!("noise.toml"),
        tables: &[],
    },
    Preset {
        name: "few-tasks",
        description: "trained on 1 to 10,000 waves: when one learns to learn, when by heart",
        text: include_str!("few-tasks.toml"),
        tables: &[],
    },
    Preset {
        name: "table",
        description: "tasks of one's own from a CSV file: growth curves, in seconds",
        text: include_str!("table.toml"),
        tables: &[("growth.csv", include_str!("growth.csv"))],
    },
    Preset {
        name: "two-ways",
        description: "MAML at 1 and at 25 tasks a step: is the inner step the head's, or the body's?",
        text: include_str!("two-ways.toml"),
        tables: &[],
    },
];

/// What is read of a preset that was written to a folder, with the tables that it names.
#[cfg(test)]
pub(super) fn written(preset: &Preset) -> Result<super::Study, crate::config::LoadError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in preset.tables {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let file = folder.path().join(format!("{}.toml", preset.name));
    std::fs::write(&file, preset.text).expect("written");
    super::load(&file)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::task::families::sine::SineSettings;

    use super::*;
    use crate::experiments::{Study, parse};
    use crate::learner::{Algorithm, Budget};
    use crate::task::TrainTasks;

    fn study(name: &str) -> Study {
        let preset = presets().iter().find(|preset| preset.name == name).unwrap();
        written(preset).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_preset_is_valid_and_every_line_fits_the_screen() {
        let mut names = HashSet::new();
        for preset in presets() {
            study(preset.name);
            assert!(names.insert(preset.name));
            for line in preset.text.lines() {
                assert!(line.chars().count() <= 110, "{}: {line}", preset.name);
            }
        }
    }

    #[test]
    fn the_shipped_file_is_the_notebook() {
        let study = study("notebook");
        let trained = |e: &&crate::experiments::Experiment| e.algorithm.trains();
        let trained: Vec<_> = study.experiments.iter().filter(trained).collect();
        let algorithms: Vec<_> = study.experiments.iter().map(|e| e.algorithm.name()).collect();
        assert_eq!(algorithms, ["random", "transfer", "maml", "first-order-maml", "reptile"]);
        assert_eq!(trained.iter().map(|e| e.seeds.len()).sum::<usize>(), 20);
        assert_eq!(trained.iter().map(|e| e.seeds.len() as u64 * e.total_steps()).sum::<u64>(), 650_000);

        let epochs: Vec<_> = trained.iter().map(|e| e.training.budget).collect();
        assert_eq!(epochs, [1, 4, 4, 4].map(Budget::Epochs));
        assert_eq!(trained.iter().map(|e| e.training.inner_steps).collect::<Vec<_>>(), [1, 1, 1, 3]);
        for experiment in &study.experiments {
            assert_eq!(experiment.seeds, [0, 1, 2, 3, 4]);
            assert_eq!(experiment.training.meta_batch, 1);
            assert_eq!((experiment.training.inner_lr, experiment.training.outer_lr), (0.01, 0.001));
            assert_eq!((experiment.task.shots.most, experiment.task.query), (10, 10));
            let SineSettings { amplitude, phase, .. } = SineSettings::new(&experiment.task.own);
            assert_eq!((amplitude, phase), ([0.1, 5.0], [0.0, std::f64::consts::TAU]));
            assert_eq!(experiment.task.train_tasks, TrainTasks::Pool(10_000));
            let evaluation = &experiment.evaluation;
            assert_eq!((evaluation.test_tasks, evaluation.grid, evaluation.steps), (1_000, 50, 32));
        }
    }

    #[test]
    fn the_shipped_file_shows_the_built_in_values() {
        let shipped = study("notebook");
        let bare = "[[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n";
        let bare = parse("bare", None, bare).unwrap();
        assert_eq!(shipped.experiments[2], bare.experiments[0]);
    }

    #[test]
    fn the_other_presets_ask_what_they_promise() {
        let quick: u64 =
            study("quick").experiments.iter().map(|e| e.seeds.len() as u64 * e.total_steps()).sum();
        assert!(quick <= 30_000, "{quick}");
        let deeper = study("deeper");
        let steps = |algorithm| -> HashSet<_> {
            let of = deeper.experiments.iter().filter(move |e| e.algorithm == algorithm);
            of.map(|e| (e.training.inner_steps, e.training.meta_batch)).collect()
        };
        assert_eq!(steps(Algorithm(&crate::learner::Maml)), HashSet::from([(1, 1), (3, 1), (5, 1), (1, 4)]));
        assert_eq!(
            steps(Algorithm(&crate::learner::FirstOrderMaml)),
            steps(Algorithm(&crate::learner::Maml))
        );
        assert_eq!(
            steps(Algorithm(&crate::learner::Reptile)),
            HashSet::from([(3, 1), (8, 1), (3, 4), (8, 4)])
        );
        let gradients: HashSet<_> = study("gradients")
            .experiments
            .iter()
            .map(|e| (e.algorithm.name(), e.training.outer_gradient.name()))
            .collect();
        assert_eq!(gradients.len(), 4);
        let zoo: HashSet<_> = study("zoo").experiments.iter().map(|e| e.algorithm.name()).collect();
        let all = Algorithm::ALL.iter().filter(|algorithm| algorithm.trains());
        assert_eq!(zoo, all.map(|algorithm| algorithm.name()).collect(), "every learner that trains");
    }
}
