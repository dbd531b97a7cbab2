//! `holdover-simulate`: what a cache would have done with the traffic of an access log.

mod files;

use files::Files;
use holdover_simulate::arguments::{Arguments, Wrong, usage};
use holdover_simulate::run::{Failure, run};
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

const NAME: &str = "holdover-simulate";
/// The exit status for a wrong command line; 1 is that of a log without a report.
const WRONG: u8 = 2;

fn main() -> ExitCode {
    match simulate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{NAME}: {error}");
            let is_policy = matches!(error.downcast_ref(), Some(Failure::Policy(_)));
            if is_policy || error.is::<Wrong>() {
                WRONG.into()
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn simulate() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args_os().skip(1))?;
    let mut out = io::stdout().lock();
    if arguments.help {
        return Ok(writeln!(out, "{}", usage(NAME))?);
    }
    let files = Files::find(arguments.logs).map_err(Failure::Log)?;
    let report = run(&arguments.settings, &files)?;
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        return Ok(writeln!(out)?);
    }
    Ok(write!(out, "{report}")?)
}
