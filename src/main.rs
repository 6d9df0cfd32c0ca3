//! The binary: parse the arguments, run the command, set the exit code. Nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    metascope::command::main()
}
