//! Files that are not TOML: every mistake is named once, at its place, and what it makes unreadable is
//! not blamed for it.

use super::{Bad, MINIMAL, expect};

#[rustfmt::skip]
const FILES: &[Bad] = &[
    // One a line, and the good lines are still read.
    ("[defaults]\nseeds =\nepochs 3\ninner_lr = -1", &[(2, 8, "a value is missing here"), (3, 8, "expected `=`"), (4, 12, "-1")]),
    ("[defaults]\nmeta_batch: 1\nfoo = 1", &[(2, 11, "`:`"), (3, 1, "unknown key `foo`")]),
    ("[model]\nactivation = relu\nhidden = 41", &[(2, 14, "`relu` is not a value: text must stand in double quotes"), (3, 10, "41")]),
    ("[defaults]\nseeds = 1\nseeds = 2", &[(3, 1, "`seeds` is defined a second time here")]),
    ("[task]\n[task]\nshots = 0", &[(2, 2, "`task` is defined a second time here")]),
    ("[defaults]\nseeds = 01", &[(2, 9, "unexpected leading zero")]),
    ("[defaults]\ninner_lr = .5\nouter_lr = 5.", &[(2, 12, "mantissa"), (3, 14, "fraction")]),
    ("[defaults]\ninner_lr = 0,01", &[(2, 13, "a number has a point, no comma: 0.01")]),
    ("[defaults]\nseeds = 2024-99-01", &[(2, 9, "month between 01 and 12")]),
    ("]", &[(1, 1, "expected `[`")]),
    ("= 3", &[(1, 1, "keys cannot be empty")]),
    ("a", &[(1, 2, "key with no value")]),
    ("a = \"\\q\"", &[(1, 7, "escaped value")]),
    ("a = \u{0}", &[(1, 5, "`\\u{0}` is not a value")]),
    ("# é 😀\r\né = 1\r\nname = \"é😀\"; \r\n", &[(2, 1, "unquoted key"), (3, 12, "unexpected")]),
    // A broken header: the lines under it belong nowhere, the next table is read again.
    ("[task\nshots = 0\n[model]\nhidden = 1\nx y", &[(1, 6, "expected `]`"), (4, 10, "`hidden` is `1`"), (5, 3, "expected `=`")]),
    ("[[experiment]\nname = \"A\"\n[model]\nhidden = 1", &[(1, 14, "expected `]`"), (4, 10, "`hidden` is `1`")]),
    // What is not closed swallows all that follows; only the first sign of it is shown.
    ("[defaults]\nseeds = [1, 2\n[task]\nshots = 0\n[[experiment]]\nname = \"a\"", &[(3, 1, "(in the value that begins on line 2)")]),
    ("[defaults]\nseeds = [1, 2", &[(2, 14, "unclosed array")]),
    ("[[experiment]]\ntask = { shots = 1\nquery = 2 }\nfoo = 1", &[(3, 1, "missing comma"), (4, 1, "unknown key `foo`")]),
    ("[defaults]\nseeds = [1,\n2,\n3 4,\n5.0]\nepochs = 0", &[(4, 1, "`3 4` is not a value"), (6, 10, "`epochs` is `0`")]),
    ("name = '''\nfoo\n", &[(1, 1, "`name` belongs"), (3, 1, "in the value that begins on line 1")]),
    ("[defaults]\nseeds = \"5\nepochs = 0", &[(2, 11, "expected `\"`"), (3, 10, "`epochs` is `0`")]),
    ("\r", &[(1, 2, "carriage return")]),
];

#[test]
fn files_that_are_not_toml() {
    for (text, problems) in FILES {
        expect(text, problems);
    }
}

#[test]
fn what_may_only_be_unreadable_is_not_missed() {
    expect("[[experiment]]\nname \"A\"\nalgorithm = \"maml\"", &[(2, 6, "expected `=`")]);
    expect("[[experiment]\nname = \"A\"\nalgorithm = \"maml\"", &[(1, 14, "expected `]`")]);
    // Nor are settings judged together when one of them may not have been read.
    let text = format!("[task]\ntrain_tasks = \"fresh\"\n[defaults]\nouter_steps 5\n{MINIMAL}");
    expect(&text, &[(4, 13, "expected `=`")]);
}
