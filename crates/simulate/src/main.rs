//! `holdover-simulate`: what a cache would have done with the traffic of an access log.

use holdover_simulate::arguments::{Arguments, USAGE};
use holdover_simulate::run::{Source, run};
use std::collections::VecDeque;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match simulate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdover-simulate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn simulate() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args_os().skip(1))?;
    let mut out = io::stdout().lock();
    if arguments.help {
        return Ok(writeln!(out, "{USAGE}")?);
    }
    let report = run(&arguments.settings, &Files(arguments.logs))?;
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        return Ok(writeln!(out)?);
    }
    Ok(write!(out, "{report}")?)
}

/// Files, one behind the other.
struct Files(Vec<PathBuf>);

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Source for Files {
    type Log = BufReader<Chain>;

    fn open(&self) -> io::Result<Self::Log> {
        let opened = self.0.iter().map(|path| {
            if is_standard_input(path) {
                return Ok(Box::new(io::stdin()) as Box<dyn Read + Send>);
            }
            let file = File::open(path).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
            Ok(Box::new(file))
        });
        Ok(BufReader::with_capacity(
            1 << 16,
            Chain(opened.collect::<io::Result<_>>()?),
        ))
    }

    fn is_once(&self) -> bool {
        // A pipe in the place of a file can be read once, too.
        let is_file = |path: &PathBuf| path.metadata().is_ok_and(|about| about.is_file());
        self.0
            .iter()
            .any(|path| is_standard_input(path) || (path.exists() && !is_file(path)))
    }
}

/// Readers, one behind the other.
struct Chain(VecDeque<Box<dyn Read + Send>>);

impl Read for Chain {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(first) = self.0.front_mut() {
            let read = first.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.0.pop_front();
        }
        Ok(0)
    }
}
