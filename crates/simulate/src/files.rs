//! Logs in files.

use holdover_simulate::run::Source;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

/// Files, one behind the other.
pub(crate) struct Files(Vec<LogFile>);

struct LogFile {
    path: PathBuf,
    /// Its length at first: what a living log gets meanwhile is not read. `None` for what can be
    /// read once: standard input, or a pipe in the place of a file.
    length: Option<u64>,
}

type Input = Box<dyn Read + Send>;

impl Files {
    /// Looks for files.
    pub(crate) fn find(paths: Vec<PathBuf>) -> io::Result<Self> {
        let found = paths.into_iter().map(LogFile::find);
        found.collect::<io::Result<_>>().map(Self)
    }
}

impl LogFile {
    fn find(path: PathBuf) -> io::Result<Self> {
        if is_standard_input(&path) {
            return Ok(Self { path, length: None });
        }
        let about = path.metadata().map_err(|error| naming(&path, &error))?;
        let length = about.is_file().then_some(about.len());
        Ok(Self { path, length })
    }

    fn open(&self) -> io::Result<Input> {
        if is_standard_input(&self.path) {
            return unpacked(BufReader::new(io::stdin()));
        }
        let file = File::open(&self.path)?;
        unpacked(BufReader::new(file.take(self.length.unwrap_or(u64::MAX))))
    }
}

fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl Source for Files {
    type Log = BufReader<Chain>;

    fn open(&self) -> io::Result<Self::Log> {
        let mut inputs = VecDeque::new();
        for file in &self.0 {
            let input = file.open().map_err(|error| naming(&file.path, &error))?;
            inputs.push_back(input);
            // The last line of a file is a line, with or without its end.
            inputs.push_back(Box::new(Cursor::new(b"\n")));
        }
        Ok(BufReader::with_capacity(1 << 16, Chain(inputs)))
    }

    fn is_once(&self) -> bool {
        self.0.iter().any(|file| file.length.is_none())
    }
}

/// Unpacks what begins as gzip does, whatever its name is: one archive, or several in a row.
#[cfg(feature = "gzip")]
fn unpacked(mut input: impl BufRead + Send + 'static) -> io::Result<Input> {
    if input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(flate2::bufread::MultiGzDecoder::new(input)));
    }
    Ok(Box::new(input))
}

#[cfg(not(feature = "gzip"))]
#[expect(clippy::unnecessary_wraps, reason = "as with the feature")]
fn unpacked(input: impl BufRead + Send + 'static) -> io::Result<Input> {
    Ok(Box::new(input))
}

/// Readers, one behind the other.
pub(crate) struct Chain(VecDeque<Input>);

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
