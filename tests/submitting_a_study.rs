//! `submit` asks Slurm for tasks that work on a study together. The real thing is `tests/cluster/run`; here an sbatch
//! stands in that notes what it is told, and the script is run as Slurm would.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::program::disk::without_locks;
use crate::program::{Bench, Said, binary, wait};
use rustix::process::Signal;

const STUDY: &str = "[defaults]\nseeds = 3\nouter_steps = 50\n[model]\nhidden = 16\n[task]\ntrain_tasks = 20\n\
    [evaluation]\ntest_tasks = 10\nsteps = 3\n[[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
    [[experiment]]\nname = \"A 'quoted' name\"\nalgorithm = \"reptile\"\n";

/// A program of this name for `bench`, which does this.
fn stand_in(bench: &Bench, name: &str, script: &str) {
    fs::create_dir_all(bench.path("bin")).expect("made");
    let path = format!("bin/{name}");
    bench.write(&path, format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(bench.path(&path), fs::Permissions::from_mode(0o755)).expect("executable");
}

fn path(bench: &Bench) -> String {
    format!("{}:{}", bench.path("bin").display(), std::env::var("PATH").expect("a PATH"))
}

fn submit(bench: &Bench, words: &[&str]) -> Said {
    let mut command = bench.command(&[&["submit", "study.toml"], words].concat());
    Said::of(command.env("PATH", path(bench)))
}

#[test]
fn sbatch_is_told_what_was_asked_for() {
    let bench = Bench::with("study.toml", STUDY);
    stand_in(&bench, "sbatch", "printf '%s\\n' \"$@\" > told; echo Submitted batch job 7");
    let said = submit(&bench, &["--tasks", "4%2", "--", "--time=10", "--comment", "two words"]).exits(0);
    assert!(
        said.stdout.contains("Submitted batch job 7") && said.stdout.contains("watch runs/study"),
        "{said:?}"
    );
    let script = bench.path("runs/study/submit/job.sh");
    let told = format!("--time=10\n--comment\ntwo words\n{}\n", script.display());
    assert_eq!(bench.read("told"), told);
    let script = bench.read("runs/study/submit/job.sh");
    for line in ["#SBATCH --array=1-4%2", "#SBATCH --requeue", "#SBATCH --signal=B:TERM@60"] {
        assert!(script.lines().any(|known| known == line), "{line}\n{script}");
    }
    let kernel =
        script.lines().find(|line| line.starts_with("export METASCOPE_KERNEL=")).expect("it is pinned");
    assert!(
        ["avx2+fma", "portable"].contains(&kernel.trim_start_matches("export METASCOPE_KERNEL=")),
        "{kernel}"
    );
    // Whoever looks on sees the whole plan before anything has begun, and what is trained stays what was submitted.
    assert_eq!(bench.names().iter().filter(|name| name.ends_with("settings.toml")).count(), 6);
    assert_eq!(bench.read("runs/study/submit/study.toml"), STUDY);
    // As many tasks as there are runs, at most; all of it can be seen beforehand.
    let dry = submit(&bench, &["--tasks", "100", "--dry-run", "--out", "elsewhere"]).exits(0);
    assert!(
        dry.stdout.contains("#SBATCH --array=1-6\n") && !bench.path("elsewhere").exists(),
        "{}",
        dry.stdout
    );
    for wrong in ["0", "4%0", "%4", "x", "5000"] {
        submit(&bench, &["--tasks", wrong, "--dry-run"]).exits(2);
    }
}

#[test]
fn where_nothing_can_be_locked_each_task_has_a_part() {
    let bench = Bench::with("study.toml", STUDY);
    stand_in(&bench, "sbatch", "echo Submitted batch job 7");
    let mut command = bench.command(&["submit", "study.toml", "--tasks", "2"]);
    Said::of(command.env("PATH", path(&bench)).envs(without_locks())).exits(0);
    for task in ["1", "2"] {
        let mut script = Command::new(bench.path("runs/study/submit/job.sh"));
        let script = script.env("SLURM_ARRAY_TASK_ID", task).envs(without_locks());
        let said = script.current_dir(bench.folder()).output().expect("a shell");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let done = bench.names().iter().filter(|name| name.ends_with("checkpoint.safetensors")).count();
        assert_eq!(done, if task == "1" { 3 } else { 6 });
    }
}

#[test]
fn what_a_job_script_cannot_say_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let names: [&[u8]; 4] = [b"x\ntouch PWNED\n#", b"bad\xff", b"\x1b]0;x\x07", "turned\u{202e}".as_bytes()];
    for name in names {
        let name = OsStr::from_bytes(name);
        let bench = Bench::with("study.toml", STUDY);
        let folder = bench.folder().join(name);
        fs::create_dir(&folder).expect("made");
        fs::copy(bench.path("study.toml"), folder.join("study.toml")).expect("copied");
        let refused = |command: &mut assert_cmd::Command| {
            let said = Said::of(command).exits(2);
            assert!(said.stderr.contains("cannot be said in a job script"), "{said:?}");
            assert!(said.stdout.is_empty() && !said.stderr.contains(['\u{1b}', '\u{202e}']), "{said:?}");
        };
        // The folder it is called in, the one it writes to, and the file.
        refused(bench.command(&["submit", "study.toml", "--dry-run"]).current_dir(&folder));
        refused(bench.command(&["submit", "study.toml", "--dry-run", "--out"]).arg(&folder));
        let mut file = name.to_owned();
        file.push(".toml");
        fs::copy(bench.path("study.toml"), bench.folder().join(&file)).expect("copied");
        refused(bench.command(&["submit", "--dry-run"]).arg(&file));
    }
}

#[test]
fn a_name_like_an_option_is_none() {
    let study = STUDY.replace("A 'quoted' name", "--out=x");
    let bench = Bench::with("study.toml", study);
    stand_in(&bench, "sbatch", "echo Submitted batch job 7");
    submit(&bench, &["--only=--out=x", "--seed", "1"]).exits(0);
    let script = bench.read("runs/study/submit/job.sh");
    let mut job = Command::new("bash");
    let output = job.arg("runs/study/submit/job.sh").current_dir(bench.folder()).output().expect("bash runs");
    assert!(output.status.success(), "{output:?}\n{script}");
    assert!(!bench.path("x").exists(), "{script}");
    assert_eq!(bench.names().iter().filter(|name| name.ends_with("checkpoint.safetensors")).count(), 1);
}

#[test]
fn without_slurm_it_says_what_to_do_and_with_its_refusal_what_it_says() {
    let bench = Bench::with("study.toml", STUDY);
    let mut command = bench.command(&["submit", "study.toml"]);
    let said = Said::of(command.env("PATH", "/nowhere")).exits(1);
    assert!(said.stderr.contains("no sbatch") && said.stderr.contains("run --join"), "{}", said.stderr);
    assert_eq!(bench.names(), ["study.toml"], "nothing is written");
    stand_in(&bench, "sbatch", "echo 'invalid partition' >&2; exit 1");
    let said = submit(&bench, &["--", "-p", "nowhere"]).exits(1);
    assert!(said.stderr.contains("invalid partition"), "{}", said.stderr);
}

#[test]
fn the_script_trains_passes_signals_on_and_comes_back() {
    for (state, comes_back) in [("RUNNING", true), ("COMPLETING", false)] {
        let bench = Bench::with("study.toml", STUDY.replace("outer_steps = 50", "outer_steps = 2000000"));
        stand_in(&bench, "sbatch", "echo Submitted batch job 7");
        stand_in(&bench, "squeue", &format!("echo \"$@\" >> asked; echo {state}"));
        stand_in(&bench, "scontrol", "echo \"$@\" >> asked");
        submit(&bench, &["--only", "A 'quoted' name", "--seed", "1"]).exits(0);
        let mut script = Command::new("bash");
        script.arg("runs/study/submit/job.sh").env("PATH", path(&bench));
        script.env("SLURM_ARRAY_JOB_ID", "7").env("SLURM_ARRAY_TASK_ID", "3").env("SLURM_CPUS_PER_TASK", "2");
        let script = bench.spawn(script);
        wait("it trains", || bench.names().iter().any(|name| name.ends_with("seed-1.lock.json")));
        assert!(!bench.names().iter().any(|name| name.contains("MAML")), "{:?}", bench.names());
        script.signal(Signal::TERM);
        script.end().exits(130);
        let asked = bench.read("asked");
        assert!(asked.contains("--jobs=7_3"), "{asked}");
        assert_eq!(asked.contains("requeue 7_3"), comes_back, "{asked}");
        let made =
            bench.names().into_iter().find(|name| name.ends_with("seed-1/provenance.json")).expect("begun");
        assert!(bench.read(&made).contains("\"job\": \"7_3\""), "{}", bench.read(&made));
    }
}

#[test]
fn others_than_slurm_start_the_same() {
    if Command::new("parallel").arg("--version").output().is_err() {
        eprintln!("left out: GNU parallel is not installed");
        return;
    }
    let bench = Bench::with("study.toml", STUDY);
    fs::create_dir_all(bench.path("bin")).expect("made");
    std::os::unix::fs::symlink(binary(), bench.path("bin/metascope")).expect("a link");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/elsewhere/parallel.sh");
    let mut command = Command::new(script);
    command.args(["study.toml", "3"]).current_dir(bench.folder()).env("PATH", path(&bench));
    let output = command.env("HOME", bench.folder()).output().expect("bash runs");
    assert!(output.status.success(), "{output:?}");
    let checkpoints = bench.names().into_iter().filter(|name| name.ends_with("checkpoint.safetensors"));
    assert_eq!(checkpoints.count(), 6);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told.matches("\"event\":\"finished\"").count(), 6, "each run by one of them: {told}");
}
