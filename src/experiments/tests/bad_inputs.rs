//! Every kind of mistake, with the place and the words that a person gets: one row a mistake.

use super::{Bad, MINIMAL, expect, refused};

/// Rows of one experiment with one more line (line 4): that line, the column, a part of the message.
#[rustfmt::skip]
const IN_AN_EXPERIMENT: &[(&str, usize, &str)] = &[
    // Keys nobody knows.
    ("step = 10", 1, "did you mean `outer_steps`?"),
    ("steps = 10", 1, "`steps` belongs to [evaluation]"),
    ("seed = 3", 1, "unknown key `seed` in [[experiment]]; did you mean `seeds`?"),
    ("shots = 3", 1, "`shots` belongs to [task]"),
    ("hidden = 3", 1, "`hidden` belongs to [model]"),
    ("grid = 3", 1, "`grid` belongs to [evaluation]"),
    ("momentum = 0.9", 1, "allowed here: name, algorithm, seeds, epochs, outer_steps, meta_batch"),
    ("learning_rate = 0.1", 1, "did you mean `inner_lr`?"),
    ("Inner-LR = 0.1", 1, "did you mean `inner_lr`?"),
    ("batch = 4", 1, "did you mean `meta_batch`?"),
    ("epoch = 4", 1, "did you mean `epochs`?"),
    ("k = 3", 1, "did you mean `inner_steps`?"),
    ("defaults = 3", 1, "`defaults` belongs at the top of the file"),
    ("\"\" = 3", 1, "unknown key ``"),
    ("\"a\\u001bb\" = 1", 1, "unknown key `a\\u{1b}b`"),
    ("  \tbarrel = 1", 4, "unknown key `barrel`"),
    // Seeds.
    ("seeds = 0", 9, "`seeds` is `0`, but must be a whole number from 1 to 10,000, or a list"),
    ("seeds = -1", 9, "`seeds` is `-1`"),
    ("seeds = 10001", 9, "`seeds` is `10001`"),
    ("seeds = 99999999999999999999999", 9, "`seeds` is `99999999999999999999999`"),
    ("seeds = 5.0", 9, "write 5, without a point"),
    ("seeds = \"5\"", 9, "leave out the quotes"),
    ("seeds = true", 9, "`seeds` is `true`"),
    ("seeds = { a = 1 }", 9, "`seeds` is a table"),
    ("seeds.a = 1", 1, "`seeds` is a table"),
    ("seeds = []", 9, "at least one seed"),
    ("seeds = [1, 2, 1]", 16, "seed `1` stands in this list already"),
    ("seeds = [0x10, 16]", 16, "seed `16` stands in this list already"),
    ("seeds = [1, -2]", 13, "`seeds` is `-2`"),
    ("seeds = [1.0]", 10, "`seeds` is `1.0`"),
    ("seeds = [18446744073709551616]", 10, "2^64 - 1"),
    ("seeds = [[1]]", 10, "`seeds` is `[1]`"),
    // How long.
    ("epochs = 0", 10, "`epochs` is `0`, but must be a whole number from 1 to 1,000,000"),
    ("epochs = -1", 10, "`epochs` is `-1`"),
    ("epochs = 1.5", 10, "`epochs` is `1.5`"),
    ("epochs = 1e3", 10, "write 1000, without a point or an exponent"),
    ("epochs = 1000001", 10, "1,000,000"),
    ("epochs = []", 10, "`epochs` is `[]`"),
    ("outer_steps = 0", 15, "`outer_steps` is `0`"),
    ("outer_steps = 1000000000001", 15, "1,000,000,000,000"),
    ("epochs = 2\nouter_steps = 3", 0, "both `epochs` and `outer_steps`"),
    ("outer_steps = 3\nepochs = 2", 0, "both `epochs` and `outer_steps`"),
    // Counts.
    ("meta_batch = 0", 14, "`meta_batch` is `0`, but must be a whole number from 1 to 10,000"),
    ("meta_batch = 50_000", 14, "`meta_batch` is `50_000`"),
    ("inner_steps = 0", 15, "from 1 to 1,000"),
    ("inner_steps = 1001", 15, "from 1 to 1,000"),
    ("inner_steps = 1.0", 15, "write 1, without"),
    ("inner_steps = nan", 15, "`inner_steps` is `nan`"),
    // Rates.
    ("inner_lr = -0.1", 12, "`inner_lr` is `-0.1`, but must be a number above 0 (from 1e-12 to 1000)"),
    ("inner_lr = 0", 12, "`inner_lr` is `0`"),
    ("inner_lr = -0.0", 12, "`inner_lr` is `-0.0`"),
    ("inner_lr = 1e-13", 12, "`inner_lr` is `1e-13`"),
    ("inner_lr = 1001", 12, "`inner_lr` is `1001`"),
    ("inner_lr = nan", 12, "`inner_lr` is `nan`"),
    ("inner_lr = inf", 12, "`inner_lr` is `inf`"),
    ("inner_lr = 1e999", 12, "`inner_lr` is `1e999`"),
    ("inner_lr = 1e-999", 12, "`inner_lr` is `1e-999`"),
    ("inner_lr = \"0.1\"", 12, "leave out the quotes"),
    ("inner_lr = \"fast\"", 12, "`inner_lr` is `\"fast\"`"),
    ("inner_lr = true", 12, "`inner_lr` is `true`"),
    ("inner_lr = 0,01", 13, "a number has a point, no comma: 0.01"),
    ("inner_lr = 10,5e-3 # é", 14, "a number has a point, no comma: 10.5e-3"),
    ("inner_lr = \"0,01\"", 12, "write 0.01, with a point"),
    ("task.x = [-5,0, 5,0]", 10, "must be two numbers, [low, high]; a number has a point, no comma: 0.5"),
    ("task.x = [0,05, 5]", 13, "a number has a point, no comma: 0.05"),
    ("inner_lr = [0.1]", 12, "`inner_lr` is `[0.1]`"),
    ("inner_lr = 2024-01-01", 12, "`inner_lr` is `2024-01-01`"),
    ("outer_lr = -inf", 12, "`outer_lr` is `-inf`"),
    ("outer_lr = +nan", 12, "`outer_lr` is `+nan`"),
    // Words.
    ("outer_gradient = \"both\"", 18, "must be \"meta\" or \"meta+inner\""),
    ("outer_gradient = \"meta + inner\"", 18, "did you mean \"meta+inner\"?"),
    ("outer_gradient = 1", 18, "`outer_gradient` is `1`"),
    ("order = \"second\"", 9, "must be \"exact\" or \"first\""),
    // Tables of its own.
    ("task = 5", 8, "`task` is `5`, but must be a table"),
    ("model = []", 9, "`model` is `[]`, but must be a table"),
    ("evaluation = \"fast\"", 14, "but must be a table"),
    ("[[experiment.task]]", 1, "single brackets"),
    ("task = { shots = 0 }", 18, "`shots` is `0`"),
    ("task = { foo = 1 }", 10, "unknown key `foo` in [experiment.task]"),
    ("task.shots = 0", 14, "`shots` is `0`"),
    ("model = { hidden = 1 }", 20, "16, 32, 40, 64, 100, 128"),
    ("model.layers = 0", 16, "`layers` is `0`, but must be a whole number from 1 to 4"),
    ("model.layers = 5", 16, "`layers` is `5`"),
    ("layers = 3", 1, "`layers` belongs to [model]"),
    ("evaluation.grid = 1", 19, "from 2 to 10,000"),
    ("task = { family = \"sine-or-line\", frequency = [1, 2] }", 35, "`frequency` belongs to [task] with family = \"sine\""),
    // What only several settings together do wrong.
    ("task.train_tasks = \"fresh\"", 20, "outer_steps = 40000"),
    ("task.train_tasks = \"fresh\"\nepochs = 3", 0, "`epochs` is `3`, but with train_tasks = \"fresh\""),
    ("meta_batch = 5000\ntask.train_tasks = 100", 14, "epochs x train_tasks = 4 x 100 has only 400"),
    ("task = { train_tasks = 3 }\nmeta_batch = 13", 0, "not one outer step"),
    ("meta_batch = 10000\ninner_steps = 1000", 14, "24,000,000,000 values to keep in memory"),
    ("inner_steps = 1000\nmodel.hidden = 128\ntask.shots = 1000", 15, "to keep in memory for one outer step"),
    ("meta_batch = 10000\nmodel = { hidden = 128, layers = 4 }", 14, "x inner_steps x (layers - 1) x hidden x"),
    ("task = { train_tasks = 1000000, shots = 21 }", 24, "21,000,000 points"),
    ("evaluation = { test_tasks = 100000, grid = 1000 }", 29, "test_tasks x (shots + grid) is 101,000,000"),
    ("evaluation = { test_tasks = 100000, steps = 1000 }", 29, "test_tasks x (steps + 1) is 100,100,000"),
];

#[test]
fn mistakes_in_an_experiment() {
    for (line, column, part) in IN_AN_EXPERIMENT {
        // Column 0: the problem is at the start of line 5, or of its value.
        let text = format!("{MINIMAL}{line}\n");
        if *column > 0 {
            expect(&text, &[(4, *column, part)]);
        } else {
            let problems = refused(&text);
            assert!(problems.list.len() == 1 && problems.list[0].line == 5, "{problems}");
            assert!(problems.list[0].message.contains(part), "{problems}");
        }
    }
}

/// Rows of an algorithm with one more line (line 4) that means nothing to it, and what it goes by.
#[rustfmt::skip]
const UNUSED: &[(&str, &str, &str)] = &[
    ("random", "inner_lr = 0.1", "what counts there: seeds, epochs, outer_steps, meta_batch"),
    ("random", "outer_lr = 0.1", "`outer_lr` is not used by random"),
    ("transfer", "inner_steps = 3", "`inner_steps` is not used by transfer; what counts there: seeds, epochs, outer_steps, meta_batch, clip, outer_schedule, outer_lr"),
    ("transfer", "outer_gradient = \"meta\"", "`outer_gradient` is not used by transfer"),
    ("first-order-maml", "order = \"first\"", "`order` is not used by first-order-maml"),
    ("maml", "context = 4", "`context` is not used by maml"),
    ("cavia", "step_loss = \"all\"", "`step_loss` is not used by cavia; what counts there: seeds, epochs, outer_steps, meta_batch, clip, outer_schedule, inner_lr, inner_steps, outer_lr, order, context"),
    ("ridge-head", "inner_lr = 0.1", "`inner_lr` is not used by ridge-head"),
    ("ridge-head", "order = \"first\"", "`order` is not used by ridge-head"),
    ("reptile", "outer_gradient = \"meta+inner\"", "`outer_gradient` is not used by reptile; what counts there: seeds, epochs, outer_steps, meta_batch, clip, outer_schedule, inner_lr, inner_steps, outer_lr"),
    ("reptile", "order = \"first\"", "`order` is not used by reptile"),
];

#[test]
fn what_an_algorithm_does_not_use_is_refused_where_it_says_it_itself() {
    for (algorithm, line, part) in UNUSED {
        let experiment = format!("[[experiment]]\nname = \"A\"\nalgorithm = \"{algorithm}\"\n");
        expect(&format!("{experiment}{line}\n"), &[(4, 1, part)]);
        let text = format!("{experiment}{line}\n");
        assert!(crate::experiments::parse_recorded("test", None, &text).is_ok(), "{text}");
        super::read(&format!("[defaults]\n{line}\n{experiment}"));
    }
}

/// Settings of `[model]` mean nothing to networks that read, whose layers are their own.
#[test]
fn what_a_network_that_reads_does_not_have_is_refused() {
    let words = "such a network has layers of its own; what counts there: hidden, precision";
    let transformer = "[[experiment]]\nname = \"B\"\nalgorithm = \"transformer\"\n";
    for learner in ["cnp", "transformer", "metafun"] {
        let experiment = format!("[[experiment]]\nname = \"A\"\nalgorithm = \"{learner}\"\n");
        for (setting, key) in [("layers = 3", "layers"), ("activation = \"tanh\"", "activation")] {
            let message = format!("`{key}` is not used by {learner}: {words}");
            // By the experiment itself, by a sweep, and for all of a file in which nobody has such a network.
            let at = "model = { ".len() + key.len() + 4;
            expect(&format!("{experiment}model = {{ {setting} }}\n"), &[(4, at, &message)]);
            let value = setting.split(" = ").nth(1).expect("a value");
            let swept =
                format!("`model.{key}` is not used by {learner}; what counts there: hidden, precision");
            let sweep = format!("{experiment}sweep = {{ \"model.{key}\" = [{value}] }}\n");
            expect(&sweep, &[(4, 11, &swept)]);
            let both = format!("[model]\n{setting}\n{experiment}{transformer}");
            let nobody = format!("`{key}` is not used by any experiment here: {words}");
            expect(&both, &[(2, key.len() + 4, &nobody)]);
            // For all of a file in which somebody has one, it is for whom it concerns.
            let mixed = format!(
                "[model]\n{setting}\n{experiment}[[experiment]]\nname = \"M\"\nalgorithm = \"maml\"\n"
            );
            let study = super::read(&mixed);
            assert_eq!(study.experiments[0].model, crate::model::ModelSettings::default(), "{mixed}");
            assert_ne!(study.experiments[1].model, crate::model::ModelSettings::default(), "{mixed}");
            // What this program wrote itself is not held against anybody.
            let recorded = format!("{experiment}[experiment.model]\n{setting}\n");
            assert!(crate::experiments::parse_recorded("test", None, &recorded).is_ok(), "{recorded}");
        }
    }
}

/// Rows of a table (line 1) with one setting (line 2) before a good experiment.
#[rustfmt::skip]
const IN_A_TABLE: &[(&str, &str, usize, &str)] = &[
    ("[defaults]", "name = \"A\"", 1, "`name` belongs to an [[experiment]]"),
    ("[defaults]", "algorithm = \"maml\"", 1, "unknown key `algorithm` in [defaults]; `algorithm` belongs to"),
    ("[defaults]", "task = { shots = 3 }", 1, "`task` belongs at the top of the file"),
    ("[defaults]", "shots = 3", 1, "`shots` belongs to [task]"),
    ("[defaults]", "seeds = 0", 9, "`seeds` is `0`"),
    ("[defaults]", "inner_lr = -1", 12, "`inner_lr` is `-1`"),
    ("[task]", "shot = 1", 1, "did you mean `shots`?"),
    ("[task]", "K = 10", 1, "did you mean `shots`?"),
    ("[task]", "inner_lr = 0.1", 1, "`inner_lr` belongs to [defaults], [[experiment]] or [evaluation]"),
    ("[task]", "family = \"cosine\"", 10, "`family` is `\"cosine\"`, but must be \"sine\""),
    ("[task]", "amplitude = 5", 13, "two numbers, [low, high]"),
    ("[task]", "amplitude = []", 13, "two numbers"),
    ("[task]", "amplitude = [1]", 13, "two numbers"),
    ("[task]", "amplitude = [1, 2, 3]", 13, "two numbers"),
    ("[task]", "amplitude = \"0.1 to 5\"", 13, "two numbers"),
    ("[task]", "amplitude = [5, 0.1]", 13, "the low end first: [0.1, 5]"),
    ("[task]", "amplitude = [nan, 1]", 14, "`amplitude (low end)` is `nan`"),
    ("[task]", "phase = [0, inf]", 13, "`phase (high end)` is `inf`, but must be a number from -1,000,000 to 1,000,000"),
    ("[task]", "phase = [0, \"pi\"]", 13, "`\"pi\"`"),
    ("[task]", "frequency = [1, 1001]", 17, "`frequency (high end)` is `1001`, but must be a number from 0 to 1,000"),
    ("[task]", "frequency = [-1, 1]", 14, "`frequency (low end)` is `-1`"),
    ("[task]", "noise = -0.1", 9, "`noise` is `-0.1`, but must be a number from 0 to 1,000,000"),
    ("[task]", "noise = nan", 9, "`noise` is `nan`"),
    ("[task]", "slope = [0, 1]", 1, "`slope` belongs to [task] with family = \"sine-or-line\""),
    ("[model]", "slope = [0, 1]", 1, "`slope` belongs to [task]"),
    ("[model]", "phase = [0, 1]", 1, "`phase` belongs to [task]"),
    ("[task]", "x = [-1e7, 0]", 6, "`x (low end)` is `-1e7`"),
    ("[task]", "x = [1, 1]", 5, "the low end below the high end"),
    ("[task]", "shots = 0", 9, "`shots` is `0`, but must be a whole number from 1 to 10,000"),
    ("[task]", "shots = 10.0", 9, "write 10, without"),
    ("[task]", "shots = 10001", 9, "1 to 10,000"),
    ("[task]", "shots = \"few\"", 9, "or [low, high] with low from 0"),
    ("[task]", "shots = []", 9, "one whole number, or two: [low, high]"),
    ("[task]", "shots = [1, 2, 3]", 9, "one whole number, or two: [low, high]"),
    ("[task]", "shots = [-1, 20]", 10, "`shots (low end)` is `-1`, but must be a whole number from 0 to 10,000"),
    ("[task]", "shots = [0, 20.0]", 13, "`shots (high end)` is `20.0`"),
    ("[task]", "shots = [0, 10001]", 13, "`shots (high end)` is `10001`"),
    ("[task]", "shots = [20, 0]", 9, "with the low end first: [0, 20]"),
    ("[task]", "shots = [5, 5]", 9, "the low end below the high end"),
    ("[task]", "query = 0", 9, "`query` is `0`"),
    ("[task]", "train_tasks = 0", 15, "or \"fresh\""),
    ("[task]", "train_tasks = 1000001", 15, "from 1 to 1,000,000"),
    ("[task]", "train_tasks = \"frehs\"", 15, "or \"fresh\""),
    ("[model]", "width = 40", 1, "did you mean `hidden`?"),
    ("[model]", "hidden = 41", 10, "`hidden` is `41`, but must be a whole number from the menu of widths: 16, 32, 40, 64, 100, 128"),
    ("[model]", "hidden = 40.0", 10, "write 40, without"),
    ("[model]", "hidden = \"40\"", 10, "leave out the quotes"),
    ("[model]", "hidden = [40, 40]", 10, "`hidden` is `[40, 40]`"),
    ("[model]", "activation = \"Relu\"", 14, "did you mean \"relu\"?"),
    ("[model]", "activation = \"gelu\"", 14, "must be \"relu\" or \"tanh\""),
    ("[model]", "precision = \"f16\"", 13, "must be \"f32\" or \"f64\""),
    ("[model]", "precision = 64", 13, "`precision` is `64`"),
    ("[evaluation]", "seeds = 3", 1, "did you mean `seed`?"),
    ("[evaluation]", "lr = 3", 1, "did you mean `inner_lr`?"),
    ("[evaluation]", "test_tasks = 0", 14, "from 1 to 100,000"),
    ("[evaluation]", "grid = 1", 8, "from 2 to 10,000"),
    ("[evaluation]", "steps = -1", 9, "from 0 to 10,000"),
    ("[evaluation]", "inner_lr = 0", 12, "above 0"),
    ("[evaluation]", "seed = -1", 8, "from 0 to 2^64 - 1"),
    ("[evaluation]", "seed = [0]", 8, "`seed` is `[0]`"),
    ("[task.shots]", "a = 1", 0, "`shots` is a table"),
    ("[[task.shots]]", "a = 1", 0, "`shots` is a list of tables"),
    ("[[task]]", "shots = 1", 0, "`task` is one table, not a list"),
    ("[taks]", "shots = 1", 0, "unknown key `taks` in the top level of this file; did you mean `task`?"),
    ("task = 5", "", 0, "`task` is `5`, but must be a table"),
    ("seeds = 5", "", 0, "`seeds` belongs to [defaults] or [[experiment]]"),
    ("name = \"A\"", "", 0, "`name` belongs to an [[experiment]]"),
];

#[test]
fn mistakes_in_a_shared_table() {
    for (header, line, column, part) in IN_A_TABLE {
        let text = format!("{header}\n{line}\n{MINIMAL}");
        if *column > 0 {
            expect(&text, &[(2, *column, part)]);
        } else {
            let problems = refused(&text);
            assert!(problems.list.len() == 1 && problems.list[0].line == 1, "{text}\n{problems}");
            assert!(problems.list[0].message.contains(part), "{problems}");
        }
    }
}

/// Whole files, with all their problems.
#[rustfmt::skip]
const FILES: &[Bad] = &[
    ("", &[(1, 1, "there is no [[experiment]]: add at least one")]),
    ("# nothing\n\n", &[(1, 1, "there is no [[experiment]]")]),
    ("\u{feff}", &[(1, 1, "there is no [[experiment]]")]),
    ("experiment = []", &[(1, 14, "the list of experiments is empty")]),
    ("experiment = 5", &[(1, 14, "write [[experiment]]")]),
    ("experiment = [5]", &[(1, 15, "write [[experiment]]")]),
    ("[experiment]\nname = \"A\"", &[(1, 1, "with double brackets")]),
    ("[[experiments]]\nname = \"A\"", &[(1, 3, "did you mean `experiment`?")]),
    ("[[experiment]]", &[(1, 1, "no `algorithm`: add one of \"random\", \"transfer\""), (1, 1, "no `name`")]),
    ("[[experiment]]\nname = \"A\"", &[(1, 1, "no `algorithm`")]),
    ("[[experiment]]\nalgorithm = \"maml\"", &[(1, 1, "no `name`")]),
    ("[[experiment]]\nnam = \"A\"\nalgoritm = \"maml\"",
     &[(2, 1, "did you mean `name`?"), (3, 1, "did you mean `algorithm`?")]),
    ("[[experiment]]\nname = \"\"\nalgorithm = \"MAML\"",
     &[(2, 8, "1 to 60 characters"), (3, 13, "did you mean \"maml\"?")]),
    ("[[experiment]]\nname = \"  \"\nalgorithm = \"sgd\"",
     &[(2, 8, "1 to 60 characters"), (3, 13, "\"random\", \"transfer\", \"maml\", \"first-order-maml\", \"reptile\"")]),
    ("[[experiment]]\nname = 5\nalgorithm = \"fomaml\"",
     &[(2, 8, "`name` is `5`"), (3, 13, "did you mean \"first-order-maml\"?")]),
    ("[[experiment]]\nname = \"a\\nb\"\nalgorithm = 3",
     &[(2, 8, "without control characters"), (3, 13, "`algorithm` is `3`")]),
    ("[[experiment]]\nname = \"A\"\nalgorithm = \"first_order_maml\"", &[(3, 13, "did you mean \"first-order-maml\"?")]),
    ("[[experiment]]\nname = \"A\"\nalgorithm = \"reptil\"", &[(3, 13, "did you mean \"reptile\"?")]),
    ("[[experiment]]\nname = \"A\"\nalgorithm = \"none\"", &[(3, 13, "did you mean \"random\"?")]),
    ("[[experiment]]\nname = \"A\"\nalgorithm = []", &[(3, 13, "`algorithm` is `[]`")]),
    ("[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n[[experiment]]\nname = \" A \"\nalgorithm = \"maml\"",
     &[(5, 8, "the name `A` is taken: an experiment on line 2 has it")]),
    // The same letters, composed or not, and with what only joins them.
    ("[[experiment]]\nname = \"\u{e9}\"\nalgorithm = \"maml\"\n[[experiment]]\nname = \"e\u{301}\"\nalgorithm = \"maml\"",
     &[(5, 8, "is taken: an experiment on line 2 has it")]),
    ("[[experiment]]\nname = \"می\u{200c}خ\"\nalgorithm = \"maml\"\n[[experiment]]\nname = \"میخ\"\nalgorithm = \"maml\"",
     &[(5, 8, "is taken: an experiment on line 2 has it")]),
    ("[[experiment]]\nname = \"MA\u{200d}ML\"\nalgorithm = \"maml\"", &[(2, 8, "without characters that nobody sees")]),
    ("[defaults]\nseeds = 10000\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n\
      [[experiment]]\nname = \"B\"\nalgorithm = \"maml\"", &[(6, 1, "more than 10,000 runs")]),
    // A shared mistake is reported once, whoever inherits it.
    ("[task]\ntrain_tasks = \"fresh\"\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n\
      [[experiment]]\nname = \"B\"\nalgorithm = \"reptile\"", &[(2, 15, "say how long to train with outer_steps")]),
    ("[task]\ntrain_tasks = \"fresh\"\n[defaults]\nepochs = 2\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"",
     &[(4, 10, "say how long to train with outer_steps instead")]),
    // Many at once, in the order of the file.
    ("[task]\nphase = [nan, inf]\nshots = 0\n[model]\nhidden = 41\n[[experiment]]\nname = \"A\"\nalgorithm = \"x\"\nfoo = 1",
     &[(2, 10, "nan"), (2, 15, "inf"), (3, 9, "shots"), (5, 10, "41"), (8, 13, "algorithm"), (9, 1, "foo")]),
    // A broken setting is not judged together with others, and does not hide what the others do wrong.
    ("[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\nmeta_batch = 0\nepochs = 0", &[(4, 14, "0"), (5, 10, "0")]),
    ("[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\nouter_steps = 2\nepochs = 0",
     &[(5, 1, "both"), (5, 10, "`epochs` is `0`")]),
    // Characters of several bytes, Windows line ends, tabs.
    ("# é\r\n[[experiment]]\r\nname = \"é😀\"\r\nalgorithm = \"maml\"\r\ntask = { \"é\" = \"ü\", shots = 0 }\r\n",
     &[(5, 10, "unknown key `é`"), (5, 29, "`shots` is `0`")]),
    ("\u{feff}seeds = 5 # 😀\n[[experiment]]\nname = '😀'\nalgorithm\t= 'mäml'",
     &[(1, 1, "unknown key `seeds`"), (4, 13, "`'mäml'`")]),
    ("[[experiment]]\nname = \"\"\"\né\nü\"\"\"\nalgorithm = \"maml\"", &[(2, 8, "`name` is `\"\"\"…`")]),
];

#[test]
fn whole_files() {
    for (text, problems) in FILES {
        expect(text, problems);
    }
}

/// Below [`MINIMAL`], whose three lines come first: further test sets and published figures.
#[rustfmt::skip]
const BESIDE: &[Bad] = &[
    ("[[test]]", &[(4, 1, "this [[test]] has no `name`: add name = \"...\"")]),
    ("[[test]]\nnam = \"a\"", &[(5, 1, "unknown key `nam` in [[test]]; did you mean `name`?")]),
    ("[[test]]\nname = 5", &[(5, 8, "`name` is `5`, but must be a text of 1 to 60 characters")]),
    ("[[test]]\nname = \"test\"", &[(5, 8, "`test` is what the first test set is called: choose another name")]),
    ("[[test]]\nname = \"a\"\n[[test]]\nname = \"a \"", &[(7, 8, "the name `a` is taken: a test set on line 5 has it")]),
    ("[test]\nname = \"a\"", &[(4, 1, "`test` is a list: write [[test]], with double brackets")]),
    ("[[test]]\nname = \"a\"\ntrain_tasks = 5\nquery = 3",
     &[(6, 1, "`train_tasks` is about training, and a [[test]] changes nothing but how networks are tested"),
       (7, 1, "`query` is about training")]),
    ("[[test]]\nname = \"a\"\nouter_lr = 0.1", &[(6, 1, "unknown key `outer_lr` in [[test]]; `outer_lr` belongs to [defaults] or [[experiment]]")]),
    ("[[test]]\nname = \"a\"\nshots = 0\nsteps = -1\nphase = [2.0, 1.0]",
     &[(6, 9, "`shots` is `0`, but must be a whole number from 1 to 10,000"), (7, 9, "`steps` is `-1`"),
       (8, 9, "[low, high] with the low end first: [1, 2]")]),
    ("[[test]]\nname = \"a\"\nline = 1", &[(6, 1, "unknown key `line` in [[test]]")]),
    ("[[test]]\nname = \"a\"\nfamily = \"sin\"", &[(6, 10, "did you mean \"sine\"?")]),
    ("[[test]]\nname = \"a\"\ntest_tasks = 100000\nsteps = 5000",
     &[(6, 14, "test_tasks x (steps + 1) is 500,100,000 losses to keep in memory, but may be at most 50,000,000")]),
    ("[[experiment]]\nname = \"B\"\nalgorithm = \"maml\"\ntask.family = \"sine-or-line\"\n[[test]]\nname = \"a\"\nphase = [0.0, 1.0]",
     &[(10, 9, "`phase` is a setting of sine here, but `B` has tasks of sine-or-line: name the `family` in this [[test]]")]),
    ("published = 5", &[(4, 13, "write [[experiment.published]]")]),
    ("[[experiment.published]]",
     &[(4, 1, "has no `loss`: add loss = 0.35"), (4, 1, "has no `n`: add n = 1"), (4, 1, "has no `source`: add source = \"...\"")]),
    ("[[experiment.published]]\nsource = \"x\"\nn = 1\nloss = -0.5", &[(7, 8, "`loss` is `-0.5`, but must be a number from 0 to 1,000,000")]),
    ("[[experiment.published]]\nsource = \"x\"\nn = 1\nloss = nan\nci95 = -1\nmark = \"X\"",
     &[(7, 8, "`loss` is `nan`"), (8, 8, "`ci95` is `-1`"), (9, 8, "`mark` is `\"X\"`, but must be \"V\" or \"R\"")]),
    ("[[experiment.published]]\nsource = \"x\"\nn = 33\nloss = 1", &[(6, 5, "`n` is `33`, but the evaluation ends with n = 32: raise `steps` in [evaluation]")]),
    ("[[experiment.published]]\nsource = \"x\"\ntest = \"5 shot\"\nn = 1\nloss = 1\n[[test]]\nname = \"5 shots\"",
     &[(6, 8, "there is no test set `5 shot`; did you mean \"5 shots\"?; the test sets are \"5 shots\"")]),
    ("[[experiment.published]]\nsource = \"x\"\ntest = \"a\"\nn = 1\nloss = 1", &[(6, 8, "there is no test set `a`; this file has no [[test]]")]),
    ("[[experiment.published]]\nsource = \"x\"\ntest = \"a\"\nn = 9\nloss = 1\n[[test]]\nname = \"a\"\nsteps = 8",
     &[(7, 5, "the evaluation on `a` ends with n = 8: raise `steps` in [evaluation] or in its [[test]]")]),
    ("[[experiment.published]]\nsource = \"\"\nn = 1\nloss = 1\nlos = 2", &[(5, 10, "a text of 1 to 200 characters"), (8, 1, "did you mean `loss`?")]),
    ("[[published]]\nsource = \"x\"", &[(4, 3, "`published` belongs to an [[experiment]]")]),
];

#[test]
fn mistakes_in_test_sets_and_figures() {
    for (text, problems) in BESIDE {
        expect(&format!("{MINIMAL}{text}"), problems);
    }
    let many: String = (0..51).map(|i| format!("[[test]]\nname = \"{i}\"\n")).collect();
    expect(&format!("{MINIMAL}{many}"), &[(104, 1, "this file has 51 test sets, but may have at most 50")]);
}

#[test]
fn limits_on_experiments_and_names() {
    let many: String = (0..1_001)
        .map(|i| format!("[[experiment]]\nname = \"{i}\"\nalgorithm = \"random\"\nseeds = 1\n"))
        .collect();
    expect(&many, &[(4_001, 1, "this file has 1,001 experiments, but may have at most 1,000")]);
    let long = MINIMAL.replace('A', &"é".repeat(61));
    expect(&long, &[(2, 8, "1 to 60 characters")]);
    let seeds: Vec<String> = (0..10_001).map(|seed| seed.to_string()).collect();
    let seeds = format!("{MINIMAL}seeds = [{}]", seeds.join(", "));
    expect(&seeds, &[(4, 9, "`seeds` lists 10001 seeds, but may list at most 10,000")]);
}

#[test]
fn every_line_shown_says_where_in_which_file() {
    let shown =
        crate::experiments::parse("x", Some("a/b.toml".as_ref()), "a = 1\nb = 2").unwrap_err().to_string();
    let starts: Vec<_> = shown.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(starts, ["a/b.toml:1:1:", "a/b.toml:1:1:", "a/b.toml:2:1:"]);
    assert!(refused("a = 1").to_string().starts_with("test.toml:1:1: "));
}
