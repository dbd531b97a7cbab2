//! Bodies that have come: the content coding of their bytes, and what is missing of them.

use super::head::Head;
use super::text::{cut, decimal, is_same, trim};

/// A content coding, by what can be told of bytes that are said to have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coding {
    /// None, or one that no host undoes.
    #[default]
    Kept,
    /// Hosts undo it, and its bytes begin like any others.
    Silent,
    /// `gzip`, last of all.
    Gzip,
    /// `zstd`, last of all.
    Zstd,
}

/// The codings that hosts undo.
const NAMES: [(&str, Coding); 5] = [
    ("gzip", Coding::Gzip),
    ("x-gzip", Coding::Gzip),
    ("zstd", Coding::Zstd),
    ("br", Coding::Silent),
    ("deflate", Coding::Silent),
];

impl Coding {
    /// Reads `Content-Encoding`.
    #[must_use]
    pub fn of(head: Head<'_>) -> Self {
        let mut last = Self::Kept;
        let mut rest = head.get("content-encoding");
        while let Some(list) = rest {
            let (name, next) = cut(list, b',');
            last = Self::named(trim(name));
            // Of several, hosts undo all or none.
            if last == Self::Kept {
                return last;
            }
            rest = next;
        }
        last
    }

    fn named(name: &str) -> Self {
        let known = NAMES.iter().find(|(known, _)| is_same(name, known));
        known.map_or(Self::Kept, |(_, coding)| *coding)
    }

    /// True if bytes that begin with `start` may have it still.
    const fn may_begin_with(self, start: u32) -> bool {
        match self {
            Self::Kept => true,
            Self::Silent => false,
            Self::Gzip => start >> 16 == 0x1f8b,
            Self::Zstd => start == 0x28b5_2ffd,
        }
    }
}

/// A body that is complete as far as its transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its bytes.
    pub length: u64,
    /// The first four of them, the first of all highest; zeros behind the end.
    pub start: u32,
}

/// The relation of a body to its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is what the head says, as far as that can be told.
    Whole,
    /// It is what a content coding of which the head tells decodes to.
    Decoded,
    /// It has another length than the head says.
    Cut,
}

/// Tells if a body is what its head says. `decodes` for a host that undoes the codings it knows, and
/// goes on telling of them.
///
/// A fetch fails when less comes than was promised. So another length is that of decoded bytes,
/// also if these are an archive themselves.
#[must_use]
pub fn state(head: Head<'_>, decodes: bool, body: Body) -> State {
    // A length that cannot be read is none that any body has.
    let differs = head
        .get("content-length")
        .is_some_and(|length| decimal(length) != Some(body.length));
    let coding = if decodes {
        Coding::of(head)
    } else {
        Coding::Kept
    };
    if coding != Coding::Kept && (differs || !coding.may_begin_with(body.start)) {
        State::Decoded
    } else if differs {
        State::Cut
    } else {
        State::Whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn coding(value: &str) -> Coding {
        Coding::of(Head::new(&format!("content-encoding: {value}\n")))
    }

    #[test]
    fn codings_that_hosts_undo() {
        assert_eq!(Coding::of(Head::new("")), Coding::Kept);
        for (value, expected) in [
            ("gzip", Coding::Gzip),
            ("X-GZip", Coding::Gzip),
            ("zstd", Coding::Zstd),
            ("br", Coding::Silent),
            ("deflate", Coding::Silent),
            ("gzip , br", Coding::Silent),
            ("br,gzip", Coding::Gzip),
            ("identity", Coding::Kept),
            ("gzip, aes128gcm", Coding::Kept),
            ("aes128gcm, gzip", Coding::Kept),
            ("gzip,", Coding::Kept),
            ("", Coding::Kept),
        ] {
            assert_eq!(coding(value), expected, "{value}");
        }
    }

    const GZIP: u32 = 0x1f8b_0800;
    const ZSTD: u32 = 0x28b5_2ffd;
    const TEXT: u32 = 0x3c68_746d;

    fn came(lines: &str, decodes: bool, length: u64, start: u32) -> State {
        state(Head::new(lines), decodes, Body { length, start })
    }

    #[test]
    fn bytes_tell_if_they_were_decoded() {
        for (coding, start, length, expected) in [
            ("identity", TEXT, 9, State::Whole),
            ("identity", TEXT, 8, State::Cut),
            ("br", TEXT, 9, State::Decoded),
            ("gzip", GZIP, 9, State::Whole),
            ("gzip", GZIP, 8, State::Decoded),
            ("gzip", TEXT, 9, State::Decoded),
            ("zstd", ZSTD, 9, State::Whole),
            ("zstd", ZSTD + 1, 9, State::Decoded),
        ] {
            let head = format!("content-length: 9\ncontent-encoding: {coding}\n");
            assert_eq!(came(&head, true, length, start), expected, "{coding}");
            let raw = if length == 9 {
                State::Whole
            } else {
                State::Cut
            };
            assert_eq!(came(&head, false, length, start), raw, "{coding}");
        }
        let unknown = "content-encoding: gzip\n";
        assert_eq!(came(unknown, true, 8, GZIP), State::Whole);
        assert_eq!(came(unknown, true, 8, TEXT), State::Decoded);
    }

    #[test]
    fn a_length_that_cannot_be_read_is_another() {
        assert_eq!(came("content-length: 9\n", true, 9, TEXT), State::Whole);
        for length in ["9, 9", "-9", "9.0", "nine", ""] {
            let head = format!("content-length: {length}\n");
            assert_eq!(came(&head, true, 9, TEXT), State::Cut, "{length}");
        }
    }

    proptest! {
        #[test]
        fn only_what_no_host_undoes_is_cut(promised: Option<u8>, length: u8, start: u32, coding in 0_usize..4, decodes: bool) {
            let name = ["identity", "br", "gzip", "zstd"][coding];
            let mut head = format!("content-encoding: {name}\n");
            if let Some(promised) = promised {
                head = format!("{head}content-length: {promised}\n");
            }
            let differs = promised.is_some_and(|promised| promised != length);
            let is_cut = came(&head, decodes, u64::from(length), start) == State::Cut;
            prop_assert_eq!(is_cut, differs && (coding == 0 || !decodes));
        }
    }
}
