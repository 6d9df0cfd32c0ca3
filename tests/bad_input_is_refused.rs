//! Files are written by people and by other programs, and both make mistakes. Whatever a file holds,
//! the program says what is wrong and where, ends with 2 (or 1 where the system refused), and leaves
//! nothing behind: no panic, no half a run, no hang.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::program::{Bench, TINY};
use serde_json::{Value, json};

/// What stands before the mistake in each experiments file below.
const GOOD: &str = "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n";

/// Refused with 2 by `check`, `run` and the bare command alike; every line of stderr has a place in the
/// file; nothing is written.
#[track_caller]
fn refused(contents: impl AsRef<[u8]>) -> String {
    let bench = Bench::with("bad.toml", contents);
    let said = bench.run(&["check", "bad.toml"]).exits(2);
    for arguments in [&["run", "bad.toml"][..], &["run", "bad.toml", "--json"], &["bad.toml"]] {
        let again = bench.run(arguments).exits(2);
        assert_eq!((&again.stderr, again.stdout.as_str()), (&said.stderr, ""), "{arguments:?}");
    }
    assert_eq!(bench.names(), ["bad.toml"], "something was written");
    for line in said.stderr.lines() {
        let mut parts = line.splitn(4, ':');
        assert_eq!(parts.next(), Some("bad.toml"), "{line}");
        for _ in 0..2 {
            let number = parts.next().and_then(|part| part.parse::<usize>().ok());
            assert!(number.is_some_and(|number| number > 0), "no place: {line}");
        }
        assert!(parts.next().is_some_and(|message| message.len() > 10), "no words: {line}");
    }
    said.stderr
}

#[test]
fn experiments_files() {
    for (contents, place, words) in [
        // Malformed.
        ("[task\nshots = 10\n", "1:6", "]"),
        ("[task]\nshots = \n", "2:", ""),
        ("shots = = 3\n", "1:", ""),
        ("[task]\nx = [-5.0, 5.0\n", "", ""),
        ("[[experiment]]\nname = \"A\nalgorithm = \"maml\"\n", "2:", ""),
        ("\0", "1:1", ""),
        ("[defaults]\nseeds = 1\nseeds = 2\n", "3:1", "seeds"),
        // Keys and types.
        ("[defaults]\nepcohs = 3\n", "2:1", "did you mean `epochs`"),
        ("[taks]\nshots = 3\n", "1:2", "did you mean"),
        ("[task]\nshots = \"ten\"\n", "2:9", "shots"),
        ("[task]\nshots = 10.5\n", "2:9", "whole number"),
        ("[task]\namplitude = 5\n", "2:13", "two numbers"),
        ("task = 3\n", "1:8", "table"),
        // Values.
        ("[defaults]\ninner_lr = -0.01\n", "2:12", "above 0"),
        ("[defaults]\nouter_lr = 1e999\n", "2:12", "1e999"),
        ("[defaults]\nouter_lr = nan\n", "2:12", "nan"),
        ("[task]\nshots = 0\n", "2:9", "from 1"),
        ("[task]\nshots = 99999999999999999999999999999\n", "2:9", "9999"),
        ("[model]\nhidden = 41\n", "2:10", "16, 32, 40, 64, 100, 128"),
        ("[model]\nactivation = \"sigmoid\"\n", "2:14", "\"relu\""),
        ("[evaluation]\nsteps = -1\n", "2:9", "-1"),
        ("[defaults]\nseeds = []\n", "2:9", "at least one"),
    ] {
        // What is wrong is told with and without a good experiment after it.
        for contents in [contents.to_owned(), format!("{contents}{GOOD}")] {
            let stderr = refused(&contents);
            let told = |line: &str| line.starts_with(&format!("bad.toml:{place}")) && line.contains(words);
            assert!(stderr.lines().any(told), "{contents:?} {place} {words}: {stderr}");
        }
    }
}

#[test]
fn lists_of_experiments() {
    for (contents, words) in [
        ("", "no [[experiment]]"),
        ("# only a comment\n", "no [[experiment]]"),
        ("experiment = []\n", "experiment"),
        ("[experiment]\nname = \"A\"\n", "[[experiment]]"),
        ("[[experiment]]\n", "name"),
        ("[[experiment]]\nname = \"\"\nalgorithm = \"maml\"\n", "name"),
        ("[[experiment]]\nname = \"A\"\n", "algorithm"),
        ("[[experiment]]\nname = \"A\"\nalgorithm = \"MAML\"\n", "did you mean \"maml\""),
        (&GOOD.repeat(2), "the name `A` is taken"),
    ] {
        let stderr = refused(contents);
        assert!(stderr.contains(words), "{contents:?} {words}: {stderr}");
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let text = "[defaults]\ninner_lr = -1\nshots = 3\n[task]\nshots = 0\nx = [5, -5]\n[model]\nhidden = 1\n\
                [[experiment]]\nname = \"A\"\nalgorithm = \"a\"\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n";
    let stderr = refused(text);
    for place in ["2:12", "3:1", "5:9", "6:5", "8:10", "11:13", "13:8"] {
        assert!(
            stderr.lines().any(|line| line.starts_with(&format!("bad.toml:{place}: "))),
            "{place}: {stderr}"
        );
    }
    assert_eq!(stderr.lines().count(), 7, "{stderr}");
}

#[test]
fn files_that_are_no_text() {
    assert!(refused(b"name = \"\xff\xfe\"").contains("UTF-8"));
    assert!(refused(b"\xff\xfe[\0t\0").contains("UTF-16"));
    assert!(refused(vec![b'#'; 2 << 20]).contains("larger"));
    refused(vec![0; 5000]);
    // Deep enough to overflow a recursive parser's stack.
    refused(format!("[task]\nx = {}", "[".repeat(500_000)));
    refused(format!("[task]\nx = {}{}\n", "[".repeat(100_000), "]".repeat(100_000)));
    refused(format!("{} = 1\n", "a.".repeat(100_000) + "a"));
    refused(format!("x = {}1", "{a=".repeat(100_000)));
}

#[test]
fn what_the_system_will_not_read_is_1() {
    let bench = Bench::with("experiments.toml", TINY);
    fs::create_dir(bench.path("folder")).unwrap();
    let garbage = ["no/such.toml", "folder", "experiments.toml/child"];
    for file in garbage {
        for arguments in [&["check", file][..], &["run", file], &[file]] {
            let said = bench.run(arguments).exits(1).says(file);
            assert_eq!(said.stdout, "");
        }
        bench.run(&["eval", file, "--tasks", "tasks.json"]).exits(1).says(file);
    }
    assert_eq!(bench.names(), ["experiments.toml"]);
    // Not every name is UTF-8.
    let said =
        crate::program::Said::of(bench.command(&["check"]).arg(OsStr::from_bytes(b"\xff\xfe.toml"))).exits(1);
    assert!(!said.stderr.is_empty());
}

#[test]
fn a_pipe_is_as_good_as_a_file() {
    let bench = Bench::new();
    let fifo = bench.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for (contents, code) in [(TINY, 0), ("[task]\nshots = 0\n", 2), ("", 2)] {
        let fifo = fifo.clone();
        let writer = std::thread::spawn(move || fs::write(fifo, contents));
        bench.run(&["check", "fifo"]).exits(code);
        writer.join().unwrap().unwrap();
    }
}

#[test]
fn a_place_that_cannot_be_written_is_1() {
    let bench = Bench::with("experiments.toml", TINY);
    bench.write("file", "in the way");
    for out in ["file", "file/deeper", "/proc/metascope", "/dev/null"] {
        let said = bench.run(&["run", "--json", "--out", out]).exits(1).says(out);
        assert_eq!(said.stdout, "", "it stopped before training");
    }
    assert_eq!(bench.names(), ["experiments.toml", "file"]);

    let bench = checkpoint_and_tasks();
    bench.write("file", "in the way");
    let before = bench.files();
    let gradient = ["gradient", "good.safetensors", "--tasks", "good.json", "--inner-lr", "0.01"];
    let analyse = ["analyse", "good.safetensors", "--tasks", "good.json"];
    for out in ["no/such/g.safetensors", "file/g.safetensors", "/proc/g.safetensors", ".", "/", ".."] {
        let said =
            bench.run(&[&gradient[..], &["--inner-steps", "1", "--out", out]].concat()).exits(1).says(out);
        assert_eq!(said.stdout, "");
        let said = bench.run(&[&analyse[..], &["--out", out, "--json"]].concat()).exits(1).says(out);
        assert_eq!(said.stdout, "");
    }
    assert_eq!(bench.files(), before);
}

/// A folder with a checkpoint and a tasks file that go together.
fn checkpoint_and_tasks() -> Bench {
    let bench = Bench::with("good.safetensors", checkpoint(&Layout::of(16)));
    bench.write("good.json", json!({"tasks": [task()]}).to_string());
    bench.run(&["eval", "good.safetensors", "--tasks", "good.json"]).exits(0);
    bench
        .run(&[
            "gradient",
            "good.safetensors",
            "--tasks",
            "good.json",
            "--inner-lr",
            "0.01",
            "--inner-steps",
            "1",
        ])
        .exits(0);
    bench
}

fn task() -> Value {
    json!({"support_x": [0.5, 1.0], "support_y": [1.0, -1.0], "query_x": [0.0], "query_y": [2.0]})
}

/// The commands that read a checkpoint and tasks refuse them with this code, and leave nothing.
#[track_caller]
fn pair_refused(bench: &Bench, checkpoint: &str, tasks: &str, code: i32) -> String {
    let before = bench.names();
    let eval = bench.run(&["eval", checkpoint, "--tasks", tasks, "--json"]).exits(code);
    let gradient = ["gradient", checkpoint, "--tasks", tasks, "--inner-lr", "0.01", "--inner-steps", "2"];
    let gradient = bench.run(&[&gradient[..], &["--out", "g.safetensors", "--json"]].concat()).exits(code);
    let analyse = ["analyse", checkpoint, "--tasks", tasks, "--out", "a.safetensors", "--json"];
    let analyse = bench.run(&analyse).exits(code);
    assert_eq!(eval.stderr, gradient.stderr);
    // A folder may be that of a run.
    match bench.path(checkpoint).is_dir() {
        true => assert!(analyse.stderr.contains("holds no runs"), "{}", analyse.stderr),
        false => assert_eq!(eval.stderr, analyse.stderr),
    }
    let printed = [&eval, &gradient, &analyse].map(|said| said.stdout.as_str());
    assert_eq!(printed, ["", "", ""]);
    assert_eq!(bench.names(), before, "something was written");
    eval.stderr
}

/// How a checkpoint's tensors are laid out; tests spoil one detail at a time.
#[derive(Clone)]
struct Layout {
    tensors: Vec<(String, &'static str, Vec<usize>)>,
    metadata: Option<Value>,
}

impl Layout {
    fn of(hidden: usize) -> Self {
        let tensor = |name: &str, shape: &[usize]| (name.to_owned(), "F32", shape.to_vec());
        let tensors = vec![
            tensor("hidden1.weight", &[hidden, 1]),
            tensor("hidden1.bias", &[hidden]),
            tensor("hidden2.weight", &[hidden, hidden]),
            tensor("hidden2.bias", &[hidden]),
            tensor("out.weight", &[1, hidden]),
            tensor("out.bias", &[1]),
        ];
        Self { tensors, metadata: None }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// The file's bytes, all numbers 0.
fn checkpoint(layout: &Layout) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    if let Some(metadata) = &layout.metadata {
        header.insert("__metadata__".into(), metadata.clone());
    }
    let mut end = 0;
    for (name, dtype, shape) in &layout.tensors {
        let size = match *dtype {
            "F64" | "I64" => 8,
            "F16" | "BF16" => 2,
            _ => 4,
        };
        let start = end;
        end += size * shape.iter().product::<usize>();
        header.insert(name.clone(), json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]}));
    }
    with_header(&Value::Object(header).to_string(), end)
}

fn with_header(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

#[test]
fn checkpoints() {
    let bench = checkpoint_and_tasks();
    let good = fs::read(bench.path("good.safetensors")).unwrap();
    let mut one_more = good.clone();
    one_more.push(0);
    let header = |text: &str| with_header(text, 64);
    let length = |length: u64| [&length.to_le_bytes()[..], &[b'{'; 100]].concat();
    let of = |change: fn(&mut Layout)| checkpoint(&Layout::of(16).with(change));
    for (what, contents, words) in [
        // No safetensors at all.
        ("empty", vec![], "safetensors"),
        ("one byte", vec![0], "safetensors"),
        ("text", b"hello, this is text and no checkpoint\n".to_vec(), "safetensors"),
        ("zeros", vec![0; 4096], "safetensors"),
        ("ones", vec![0xff; 4096], "safetensors"),
        ("a pickle", b"\x80\x02}q\0X\x05\0\0\0helloq\x01K\x01s.".to_vec(), "safetensors"),
        ("half", good[..good.len() / 2].to_vec(), "cut short"),
        ("half a header", good[..40].to_vec(), "cut short"),
        ("a byte short", good[..good.len() - 1].to_vec(), "cut short"),
        ("a byte long", one_more, "safetensors"),
        ("far too large", vec![0; 17 << 20], "larger than 16 MiB"),
        // Hostile headers.
        ("a header of 2^64 - 1 bytes", length(u64::MAX), "safetensors"),
        ("a header of 2^63 bytes", length(1 << 63), "safetensors"),
        ("a header of 100 MB", length(100_000_000), "safetensors"),
        ("no JSON", header("{{{{"), "safetensors"),
        ("a list", header("[]"), "safetensors"),
        ("a number", header("1e999"), "safetensors"),
        ("an empty header", header("{}"), ""),
        ("deep", header(&"[".repeat(100_000)), "safetensors"),
        ("deep objects", header(&"{\"a\":".repeat(100_000)), "safetensors"),
        ("no UTF-8", [&4_u64.to_le_bytes()[..], b"{\"\xff\""].concat(), "safetensors"),
        (
            "offsets beyond the end",
            header(
                r#"{"hidden1.bias":{"dtype":"F32","shape":[16],"data_offsets":[0,18446744073709551615]}}"#,
            ),
            "",
        ),
        (
            "offsets the wrong way round",
            header(r#"{"hidden1.bias":{"dtype":"F32","shape":[16],"data_offsets":[64,0]}}"#),
            "",
        ),
        (
            "a shape whose size overflows",
            header(
                r#"{"hidden1.bias":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,64]}}"#,
            ),
            "",
        ),
        (
            "a negative shape",
            header(r#"{"hidden1.bias":{"dtype":"F32","shape":[-16],"data_offsets":[0,64]}}"#),
            "",
        ),
        (
            "an unknown type",
            header(r#"{"hidden1.bias":{"dtype":"F99","shape":[16],"data_offsets":[0,64]}}"#),
            "",
        ),
        // Other networks.
        (
            "another network",
            header(r#"{"fc.weight":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}}"#),
            "hidden1.bias",
        ),
        ("off the menu", checkpoint(&Layout::of(17)), "17 units; 16, 32, 40, 64, 100, 128"),
        ("of no width", checkpoint(&Layout::of(0)), "0 units"),
        ("a bias without dimensions", of(|l| l.tensors[1].2 = vec![]), "units"),
        ("a tensor missing", of(|l| drop(l.tensors.remove(5))), "out.bias"),
        ("a transposed layer", of(|l| l.tensors[0].2 = vec![1, 16]), "hidden1.weight has shape [1, 16]"),
        ("two outputs", of(|l| l.tensors[5].2 = vec![2]), "out.bias has shape [2]"),
        ("widths that differ", of(|l| l.tensors[3].2 = vec![32]), "hidden2.bias has shape [32]"),
        ("a flat layer", of(|l| l.tensors[2].2 = vec![256]), "hidden2.weight has shape [256]"),
        ("16 bits", of(|l| l.tensors.iter_mut().for_each(|tensor| tensor.1 = "F16")), "F16"),
        ("whole numbers", of(|l| l.tensors.iter_mut().for_each(|tensor| tensor.1 = "I64")), "I64"),
        ("two types", of(|l| l.tensors[4].1 = "F64"), "out.weight is F64"),
        ("an unknown activation", of(|l| l.metadata = Some(json!({"activation": "gelu"}))), "gelu"),
        ("metadata that are no strings", of(|l| l.metadata = Some(json!({"activation": 3}))), "safetensors"),
        // The first found by fuzzing, the others like it: a message quotes the file cut and escaped.
        (
            "a type that is a text",
            header(&format!(
                r#"{{"hidden1.bias":{{"dtype":"{}F32","shape":[16],"data_offsets":[0,64]}}}}"#,
                "D".repeat(10_000)
            )),
            "unknown variant `DDD",
        ),
        (
            "a type that clears the screen",
            header(r#"{"hidden1.bias":{"dtype":"\u001b[2J","shape":[16],"data_offsets":[0,64]}}"#),
            "\\u{1b}[2J",
        ),
        (
            "a name that clears the screen",
            header(r#"{"\u001b[2J":{"dtype":"F32","shape":[16],"data_offsets":[4,64]}}"#),
            "\\u{1b}[2J",
        ),
        (
            "an activation that is a text",
            of(|l| l.metadata = Some(json!({"activation": "a\u{1b}".repeat(10_000)}))),
            "\\u{1b}",
        ),
        ("a thousand dimensions", of(|l| l.tensors[5].2 = vec![1; 1000]), "and should have [1]"),
    ] {
        bench.write("bad.safetensors", contents);
        let stderr = pair_refused(&bench, "bad.safetensors", "good.json", 2);
        assert!(stderr.starts_with("bad.safetensors ") && stderr.contains(words), "{what}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{what}: {stderr}");
        assert!(stderr.len() < 400, "{what}: a sentence, not the file: {stderr}");
        assert!(!stderr.trim_end().contains(char::is_control), "{what}: {stderr:?}");
    }
    fs::create_dir(bench.path("folder")).unwrap();
    for file in ["absent.safetensors", "folder"] {
        assert!(pair_refused(&bench, file, "good.json", 1).contains(file));
    }
}

/// A zip archive of one file of this name, stored as it is.
fn zip(name: &str, contents: &[u8]) -> Vec<u8> {
    let (length, name_length) = (contents.len() as u32, name.len() as u16);
    let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([length.to_le_bytes(), length.to_le_bytes()].concat());
    bytes.extend(name_length.to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(name.as_bytes());
    bytes.extend(contents);
    bytes
}

/// Every tensor of a file is used or named with what is there; what is no safetensors file is called what it is, with
/// how it becomes one.
#[test]
fn no_tensor_is_left_out_and_no_format_unnamed() {
    let bench = checkpoint_and_tasks();
    let named = |tensors: &[(&str, &[usize])]| {
        let tensors =
            tensors.iter().map(|(name, shape)| ((*name).to_owned(), "F32", shape.to_vec())).collect();
        checkpoint(&Layout { tensors, metadata: None })
    };
    let more = |tensors: &[(&str, &[usize])]| {
        let more = tensors.iter().map(|(name, shape)| ((*name).to_owned(), "F32", shape.to_vec()));
        let layout = Layout::of(16).with(|layout| layout.tensors.extend(more));
        checkpoint(&layout)
    };
    let of = |change: fn(&mut Layout)| checkpoint(&Layout::of(16).with(change));
    let rename = |layout: &mut Layout, from: &str, to: &str| {
        layout.tensors.iter_mut().for_each(|tensor| tensor.0 = tensor.0.replace(from, to));
    };
    let sequential = Layout::of(16).with(|layout| {
        for (from, to) in [("hidden1", "net.0"), ("hidden2", "net.2"), ("out", "net.4")] {
            rename(layout, from, to);
        }
    });
    let gap = Layout::of(16).with(|layout| rename(layout, "hidden2", "hidden3"));
    let twice = Layout::of(16).with(|layout| {
        let again: Vec<_> =
            layout.tensors.iter().map(|(n, d, s)| (format!("module.{n}"), *d, s.clone())).collect();
        layout.tensors.extend(again);
    });
    let adam = |layout: &mut Layout| layout.metadata = Some(json!({"algorithm": "maml"}));
    let pickle = "torch.load(FILE, weights_only=True)";
    let files: [(&str, Vec<u8>, &[&str]); 24] = [
        // Other networks.
        (
            "hidden1, hidden3, out",
            checkpoint(&gap),
            &["no tensor named hidden2.weight", "hidden3.weight [16, 16]"],
        ),
        (
            "batch norm",
            more(&[
                ("bn1.weight", &[16]),
                ("bn1.bias", &[16]),
                ("bn1.running_mean", &[16]),
                ("bn1.num", &[1]),
            ]),
            &[
                "no part of its network, 1-16-16-1",
                "bn1.bias [16], bn1.num [1], bn1.running_mean [16], bn1.weight [16]",
            ],
        ),
        (
            "layer norm",
            more(&[("norm1.weight", &[16]), ("norm1.bias", &[16])]),
            &["norm1.bias [16], norm1.weight [16]"],
        ),
        ("weight norm", more(&[("hidden1.weight_g", &[16, 1])]), &["hidden1.weight_g [16, 1]"]),
        (
            "half a third layer",
            more(&[("hidden3.bias", &[16])]),
            &["no tensor named hidden3.weight", "hidden3.bias"],
        ),
        ("a prefix beside none", checkpoint(&twice), &["module.hidden1.bias [16]", "and 2 more"]),
        (
            "a sequence",
            checkpoint(&sequential),
            &["no tensor named hidden1.bias; it has net.0.bias [16], net.0.weight [16, 1]"],
        ),
        (
            "a tensor less",
            of(|l| drop(l.tensors.remove(5))),
            &["no tensor named out.bias; it has hidden1.bias [16]"],
        ),
        ("Meta-SGD without its words", more(&[("inner_lr.out.bias", &[1])]), &["inner_lr.out.bias [1]"]),
        (
            "MAML with a head's",
            {
                let layout = Layout::of(16).with(adam);
                checkpoint(&layout.with(|l| l.tensors.push(("ridge.log_lambda".into(), "F32", vec![1]))))
            },
            &["nor of how it adapts: ridge.log_lambda [1]"],
        ),
        (
            "a language model",
            named(&[("lm_head.weight", &[8, 4]), ("wte.weight", &[8, 4])]),
            &["lm_head.weight [8, 4], wte.weight [8, 4]"],
        ),
        ("no tensor", with_header("{}", 0), &["it has none at all"]),
        ("a name that clears the screen", more(&[("\u{1b}[2J", &[1])]), &["\\u{1b}[2J [1]"]),
        // Other formats.
        (
            "torch.save",
            zip("archive/data.pkl", b"\x80\x02}q\0."),
            &["torch.save", pickle, "safetensors.torch.save_file"],
        ),
        (
            "torch.save of before 1.6",
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.".to_vec(),
            &["torch.save", pickle],
        ),
        ("TorchScript", [zip("m/data.pkl", b""), zip("m/constants.pkl", b"")].concat(), &["TorchScript"]),
        (".npz", zip("hidden1.bias.npy", b"\x93NUMPY\x01\0"), &[".npz", "safetensors.numpy.save_file"]),
        (".npy", b"\x93NUMPY\x01\0v\0{'descr': '<f4'}".to_vec(), &["one array of NumPy"]),
        ("GGUF", b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0".to_vec(), &["GGUF", "gguf.GGUFReader"]),
        ("HDF5", b"\x89HDF\r\n\x1a\n\0\0".to_vec(), &["HDF5", "h5py"]),
        (
            "a pointer",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".to_vec(),
            &["Git LFS", "git lfs pull"],
        ),
        ("a page", b"\n<!DOCTYPE html><html><body>Sign in</body></html>".to_vec(), &["web page"]),
        (
            "an index",
            br#"{"metadata": {}, "weight_map": {"a": "b.safetensors"}}"#.to_vec(),
            &["index", "several files"],
        ),
        (
            "a large torch.save",
            [zip("archive/data.pkl", b""), vec![0; 17 << 20]].concat(),
            &["torch.save", "16 MiB"],
        ),
    ];
    for (what, contents, words) in files {
        bench.write("other.safetensors", contents);
        let stderr = pair_refused(&bench, "other.safetensors", "good.json", 2);
        for word in words {
            assert!(stderr.contains(word), "{what}: {word:?} is missing from {stderr}");
        }
        assert!(stderr.len() < 400 && !stderr.trim_end().contains(char::is_control), "{what}: {stderr:?}");
    }
    // What is put before every name is nobody's tensor, and the order is the file's.
    let all = Layout::of(16).with(|layout| {
        layout.tensors.reverse();
        layout.tensors.iter_mut().for_each(|tensor| tensor.0 = format!("model.{}", tensor.0));
    });
    bench.write("good.safetensors", checkpoint(&all));
    bench.run(&["eval", "good.safetensors", "--tasks", "good.json"]).exits(0);
}

#[test]
fn numbers_that_are_none_in_a_checkpoint_give_no_number_in_the_report() {
    let bench = checkpoint_and_tasks();
    let mut bytes = checkpoint(&Layout::of(16));
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    bench.write("nan.safetensors", bytes);
    let report = bench.run(&["eval", "nan.safetensors", "--tasks", "good.json", "--json"]).exits(0).json();
    assert_eq!(report["nonfinite"][0], 1.0);
    assert!(report["mean"][0].is_null());
}

#[test]
fn a_gradient_that_overflows_has_no_size() {
    let bench = checkpoint_and_tasks();
    let gradient = ["gradient", "good.safetensors", "--tasks", "good.json", "--inner-steps", "3"];
    // The biases of this network alone move, and end beyond every 32-bit number.
    let report = bench.run(&[&gradient[..], &["--inner-lr", "1e300", "--json"]].concat()).exits(0).json();
    assert!(report["mean_loss"].is_null(), "{report}");
    assert!(report["gradient_norm"].is_null() && report["gradient_max"].is_null(), "{report}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_1_and_said() {
    let bench = Bench::with("experiments.toml", TINY);
    for arguments in [&["run", "--no-save"][..], &["run", "--no-save", "--json"], &["check"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(crate::program::binary())
            .current_dir(bench.folder())
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .stdout(full)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains("the output could not be written"), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn tasks_files() {
    let bench = checkpoint_and_tasks();
    let without = |key: &str| {
        let mut task = task();
        task.as_object_mut().unwrap().remove(key);
        json!({"tasks": [task]}).to_string()
    };
    let with = |key: &str, value: Value| {
        let mut task = task();
        task[key] = value;
        json!({"tasks": [task]}).to_string()
    };
    // As Python's json module writes what JSON does not have.
    let python = |number: &str| {
        format!(
            "{{\"tasks\": [\n {{\"support_x\": [0.5, {number}],\n \"support_y\": [1, 2], \"query_x\": [0], \"query_y\": [1]}}]}}"
        )
    };
    for (what, contents, words) in [
        ("empty", String::new(), ":1:"),
        ("blank", " \n\n".into(), ":"),
        ("text", "hello".into(), ":1:1"),
        ("NaN", python("NaN"), "bad.json:2:"),
        ("NaN, in words", python("NaN"), "NaN and Infinity are not numbers"),
        ("Infinity", python("Infinity"), "NaN and Infinity are not numbers"),
        ("-Infinity", python("-Infinity"), "NaN and Infinity are not numbers"),
        ("1e999", python("1e999"), "bad.json:2:"),
        ("a string for a number", python("\"1\""), "bad.json:2:"),
        ("null for a number", python("null"), "bad.json:2:"),
        ("a list for a number", python("[1]"), "bad.json:2:"),
        ("cut short", python("1")[..50].to_owned(), ":"),
        ("more after the end", python("1") + "}", ":"),
        ("a list at the top", "[1]".into(), ":1:"),
        ("a number at the top", "3".into(), ":1:"),
        ("tasks missing", "{}".into(), "tasks"),
        ("tasks misspelt", "{\"task\": []}".into(), "tasks"),
        ("tasks a number", "{\"tasks\": 3}".into(), ":1:"),
        ("no tasks", "{\"tasks\": []}".into(), "tasks: there is none"),
        ("a task a number", "{\"tasks\": [3]}".into(), ":1:"),
        ("tasks twice", "{\"tasks\": [], \"tasks\": []}".into(), "tasks"),
        ("deep", "[".repeat(200_000), ":1:"),
        ("deep in an unknown key", format!("{{\"x\": {}", "[".repeat(200_000)), ":1:"),
        ("support_x missing", without("support_x"), "tasks[0].support_x: missing"),
        ("support_y missing", without("support_y"), "tasks[0].support_y: missing"),
        ("query_x missing", without("query_x"), "tasks[0].query_x: missing"),
        ("query_y missing", without("query_y"), "tasks[0].query_y: missing"),
        ("support_x empty", with("support_x", json!([])), "tasks[0].support_x: has 0 points"),
        ("query_x empty", with("query_x", json!([])), "tasks[0].query_x: has 0 points"),
        ("too many points", with("query_x", json!(vec![0.5; 10_001])), "tasks[0].query_x: has 10001 points"),
        ("y too short", with("support_y", json!([1.0])), "tasks[0].support_y: has 1 points where"),
        ("y too long", with("query_y", json!([1.0, 2.0])), "tasks[0].query_y: has 2 points where"),
        (
            "an amplitude alone",
            with("support_y", Value::Null).replace("\"query_x\"", "\"amplitude\": 1, \"query_x\""),
            "support_y: missing",
        ),
        ("a string for a list", with("support_x", json!("0.5")), ":1:"),
        (
            "a name misspelt",
            with("suport_y", json!([1.0, 2.0])),
            "tasks[0].suport_y: unknown key; did you mean `support_y`?; a task has support_x, ",
        ),
        ("a name of no task", with("noise", json!(0.3)), "tasks[0].noise: unknown key; a task has"),
        (
            "tasks misspelt, and what is meant",
            "{\"task\": []}".into(),
            "task: unknown key; did you mean `tasks`?",
        ),
        (
            "a task's name beside the tasks",
            json!({"tasks": [task()], "query-y": [1.0]}).to_string(),
            "query-y: unknown key; did you mean `query_y`?",
        ),
        ("a name that clears the screen", with("\u{1b}[2J", json!(1)), "tasks[0].\\u{1b}[2J: unknown key"),
        // Found by fuzzing.
        ("a text for a number", python(&format!("\"\u{7f}{}\"", "a".repeat(10_000))), "\\u{7f}aaa"),
    ] {
        bench.write("bad.json", &contents);
        let stderr = pair_refused(&bench, "good.safetensors", "bad.json", 2);
        assert!(stderr.starts_with("bad.json:") && stderr.contains(words), "{what}: {stderr}");
        assert!(stderr.len() < 600, "{what}: a sentence, not the file: {stderr}");
        assert!(!stderr.trim_end().contains(char::is_control), "{what}: {stderr:?}");
    }
    // Of many one line; and what a file says besides of itself is its own affair.
    let mut named = task();
    named["name"] = json!("seven");
    bench.write("bad.json", json!({"tasks": vec![named; 50]}).to_string());
    let stderr = pair_refused(&bench, "good.safetensors", "bad.json", 2);
    assert!(stderr.lines().count() == 1 && stderr.contains("as in 49 other tasks"), "{stderr}");
    bench.write("noted.json", json!({"tasks": [task()], "losses": [[1.0]], "made by": "hand"}).to_string());
    bench.run(&["eval", "good.safetensors", "--tasks", "noted.json"]).exits(0);
    // All at once.
    let both = json!({"tasks": [{"query_x": [1.0]}, task(), {"support_x": [1.0, 2.0], "support_y": [1.0], "query_x": []}]});
    bench.write("bad.json", both.to_string());
    let stderr = pair_refused(&bench, "good.safetensors", "bad.json", 2);
    let problems: Vec<_> = stderr.lines().map(|line| line.split(": ").nth(1).unwrap_or_default()).collect();
    assert_eq!(
        problems,
        ["tasks[0].support_x", "tasks[0].query_y", "tasks[2].support_y", "tasks[2].query_x"],
        "{stderr}"
    );

    bench.write("bad.json", b"{\"tasks\": [{\"support_x\": \"\xff\"}]}");
    pair_refused(&bench, "good.safetensors", "bad.json", 2);
    fs::create_dir(bench.path("folder")).unwrap();
    for file in ["absent.json", "folder", "good.json/child"] {
        assert!(pair_refused(&bench, "good.safetensors", file, 1).contains(file));
    }
}

#[test]
fn numbers_that_a_wave_makes_infinite_are_found() {
    let bench = checkpoint_and_tasks();
    // In range for JSON, but the sine of it times this is not.
    let task = json!({"amplitude": 1e308, "phase": 1e308, "support_x": [1e308], "query_x": [0.0]});
    bench.write("bad.json", json!({"tasks": [task]}).to_string());
    let stderr = pair_refused(&bench, "good.safetensors", "bad.json", 2);
    assert!(stderr.contains("is not a finite number"), "{stderr}");
}

#[test]
fn a_log_whose_curve_has_gaps() {
    let study =
        "[evaluation]\ntest_tasks = 5\nsteps = 3\n[[experiment]]\nname = \"A\"\nalgorithm = \"random\"\n";
    let bench = Bench::with("experiments.toml", study);
    bench.run(&["run", "--out", "runs"]).exits(0);
    let logs: Vec<_> = bench.names().into_iter().filter(|name| name.ends_with("metrics.jsonl")).collect();
    assert_eq!(logs.len(), 5);
    let good = bench.read(&logs[0]);
    // Without the state that seals it, as earlier versions left finished runs: it is read, and said to be unverified.
    std::fs::remove_file(bench.path(&logs[0].replace("metrics.jsonl", "resume.bin")))
        .expect("the state is there");
    for (key, value) in
        [("mean", json!([1.0])), ("ci95", json!([])), ("steps", json!([])), ("steps", json!([0, 1, 2, 3, 4]))]
    {
        let lines = good.lines().map(|line| {
            let mut event: Value = serde_json::from_str(line).unwrap();
            if event["event"] == "evaluated" {
                event[key] = value.clone();
            }
            event.to_string() + "\n"
        });
        bench.write(&logs[0], lines.collect::<String>());
        for (format, rows) in [("csv", 1 + 4 * 4), ("json", 0), ("svg", 0)] {
            let said = bench.run(&["export", "runs", "--format", format]).exits(0);
            assert!(rows == 0 || said.stdout.lines().count() == rows, "{key}: {}", said.stdout);
        }
    }
    // What is left of the log does not fit the state beside it: the run starts over.
    bench.run(&["run", "--out", "runs"]).exits(0);
    let rows = bench.run(&["export", "runs", "--format", "csv"]).exits(0).stdout.lines().count();
    assert_eq!(rows, 1 + 5 * 4);
}
