//! The stored form of an entry: a versioned header and the value's bytes, with a checksum.
//!
//! | bytes | what |
//! |---|---|
//! | 0–1 | `ho` |
//! | 2 | version, 1 |
//! | 3 | codec id, the host's |
//! | 4–7 | checksum: FNV-1a, 32 bit, of bytes 0–3 and 8–end |
//! | 8–15 | when it was stored: wall clock, milliseconds |
//! | 16–39 | `ttl`, `stale_while_revalidate`, `stale_if_error`: milliseconds, `u64::MAX` for no end |
//! | 40–43 | what its load took, milliseconds |
//! | 44–47 | length of the extension |
//! | 48– | extension, then the value |
//!
//! The extension is a row of blocks: kind (1 byte), length (4), content. Kinds that are not known
//! are skipped. Kind 1, of a tagged entry: when its load began (8 bytes, wall clock), then 8 bytes
//! per tag. Kind 2, of an entry that is retained: how long (8 bytes, milliseconds).
//!
//! Numbers are little-endian. Whatever cannot be read is `None`, a miss; reading never fails.

use crate::strategy::ttl::Lifetime;
use crate::tags::Tag;
use crate::time::{Span, Timestamp};
use alloc::boxed::Box;
use alloc::vec::Vec;

const MAGIC: [u8; 2] = *b"ho";
const VERSION: u8 = 1;
const FIXED: usize = 48;
/// Kind and length of a block.
const BLOCK: usize = 5;
const TAGGED: u8 = 1;
const RETAINED: u8 = 2;

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which codec made the value's bytes.
    pub codec: u8,
    /// When the entry was stored, on the wall clock of the host that stored it.
    pub stored_at: Timestamp,
    /// How long it may be used from then.
    pub lifetime: Lifetime,
    /// How long its load took, in milliseconds.
    pub load_cost: u32,
    /// Its tags; `None` for an entry without.
    pub tagged: Option<Tagged>,
}

/// The tags of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// When its load began, on the wall clock of the host that stored it.
    pub began: Timestamp,
    /// What it may be invalidated by.
    pub tags: Box<[Tag]>,
}

/// Writes a header and `value` behind it.
#[must_use]
pub fn encode(header: &Header, value: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(FIXED + value.len());
    record.extend_from_slice(&MAGIC);
    record.extend_from_slice(&[VERSION, header.codec, 0, 0, 0, 0]);
    let times = [
        header.stored_at.as_millis(),
        header.lifetime.ttl.as_millis(),
        header.lifetime.stale_while_revalidate.as_millis(),
        header.lifetime.stale_if_error.as_millis(),
    ];
    for time in times {
        record.extend_from_slice(&time.to_le_bytes());
    }
    record.extend_from_slice(&header.load_cost.to_le_bytes());
    let extension = extension(header);
    record.extend_from_slice(&length(extension.len()));
    record.extend_from_slice(&extension);
    record.extend_from_slice(value);
    let sum = checksum(&record);
    record[4..8].copy_from_slice(&sum.to_le_bytes());
    record
}

/// Reads a record: its header, and where in `record` the value begins.
#[must_use]
pub fn decode(record: &[u8]) -> Option<(Header, usize)> {
    let fixed = record.get(..FIXED)?;
    if fixed[..2] != MAGIC || fixed[2] != VERSION || u32_at(fixed, 4)? != checksum(record) {
        return None;
    }
    let mut header = Header {
        codec: fixed[3],
        stored_at: Timestamp::from_millis(u64_at(fixed, 8)?),
        lifetime: Lifetime {
            ttl: Span::from_millis(u64_at(fixed, 16)?),
            stale_while_revalidate: Span::from_millis(u64_at(fixed, 24)?),
            stale_if_error: Span::from_millis(u64_at(fixed, 32)?),
            retained: Span::ZERO,
        },
        load_cost: u32_at(fixed, 40)?,
        tagged: None,
    };
    let extension = usize::try_from(u32_at(fixed, 44)?).ok()?;
    let value_at = FIXED.checked_add(extension)?;
    read_extension(record.get(FIXED..value_at)?, &mut header)?;
    Some((header, value_at))
}

fn extension(header: &Header) -> Vec<u8> {
    let mut extension = Vec::new();
    if let Some(Tagged { began, tags }) = &header.tagged {
        extension.push(TAGGED);
        extension.extend_from_slice(&length(8 + 8 * tags.len()));
        extension.extend_from_slice(&began.as_millis().to_le_bytes());
        for tag in tags {
            extension.extend_from_slice(&tag.to_le_bytes());
        }
    }
    if !header.lifetime.retained.is_zero() {
        extension.push(RETAINED);
        extension.extend_from_slice(&length(8));
        let retained = header.lifetime.retained.as_millis();
        extension.extend_from_slice(&retained.to_le_bytes());
    }
    extension
}

/// Reads the blocks of an extension; `None` when they make no sense.
fn read_extension(mut blocks: &[u8], header: &mut Header) -> Option<()> {
    while !blocks.is_empty() {
        let end = BLOCK.checked_add(usize::try_from(u32_at(blocks, 1)?).ok()?)?;
        let content = blocks.get(BLOCK..end)?;
        match blocks[0] {
            TAGGED => header.tagged = Some(read_tagged(content)?),
            RETAINED => header.lifetime.retained = Span::from_millis(u64_at(content, 0)?),
            _ => {}
        }
        blocks = &blocks[end..];
    }
    Some(())
}

fn read_tagged(content: &[u8]) -> Option<Tagged> {
    let tags = (8..content.len()).step_by(8).map(|at| u64_at(content, at));
    Some(Tagged {
        began: Timestamp::from_millis(u64_at(content, 0)?),
        tags: tags.collect::<Option<_>>()?,
    })
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// FNV-1a over everything but the checksum's own place. It finds damage, not forgery: records
/// that others may write are signed (SEMANTICS §10).
fn checksum(record: &[u8]) -> u32 {
    let covered = record[..4].iter().chain(&record[8..]);
    covered.fold(0x811c_9dc5, |sum, &byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> impl Strategy<Value = Header> {
        let tagged = proptest::option::of((any::<u64>(), any::<Vec<u64>>()));
        (any::<u8>(), any::<[u64; 5]>(), any::<u32>(), tagged).prop_map(
            |(codec, times, load_cost, tagged)| Header {
                codec,
                stored_at: Timestamp::from_millis(times[0]),
                lifetime: Lifetime {
                    ttl: Span::from_millis(times[1]),
                    stale_while_revalidate: Span::from_millis(times[2]),
                    stale_if_error: Span::from_millis(times[3]),
                    retained: Span::from_millis(times[4] % 2 * times[4]),
                },
                load_cost,
                tagged: tagged.map(|(began, tags)| Tagged {
                    began: Timestamp::from_millis(began),
                    tags: tags.into(),
                }),
            },
        )
    }

    proptest! {
        #[test]
        fn reads_what_it_wrote(header in header(), value: Vec<u8>) {
            let record = encode(&header, &value);
            let (read, value_at) = decode(&record).unwrap();
            prop_assert_eq!(read, header);
            prop_assert_eq!(&record[value_at..], &value[..]);
        }

        #[test]
        fn any_changed_byte_is_a_miss(header in header(), value: Vec<u8>, at: prop::sample::Index, flip in 1_u8..) {
            let mut record = encode(&header, &value);
            let at = at.index(record.len());
            record[at] ^= flip;
            prop_assert_eq!(decode(&record), None);
        }

        #[test]
        fn a_shortened_record_is_a_miss(header in header(), value: Vec<u8>, kept: prop::sample::Index) {
            let record = encode(&header, &value);
            prop_assert_eq!(decode(&record[..kept.index(record.len())]), None);
        }

        #[test]
        fn records_without_an_extension_are_read(header in header(), value: Vec<u8>) {
            let mut record = encode(&header, &value);
            let (_, value_at) = decode(&record).unwrap();
            record.drain(FIXED..value_at);
            record[44..48].copy_from_slice(&length(0));
            let sum = checksum(&record);
            record[4..8].copy_from_slice(&sum.to_le_bytes());
            let (read, _) = decode(&record).unwrap();
            let mut expected = header;
            expected.tagged = None;
            expected.lifetime.retained = Span::ZERO;
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn blocks_of_kinds_to_come_are_skipped(header in header(), value: Vec<u8>, kind in 3_u8.., block: Vec<u8>) {
            let mut record = encode(&header, &value);
            let (_, value_at) = decode(&record).unwrap();
            let own = value_at - FIXED;
            let added: Vec<u8> = [&[kind][..], &length(block.len()), &block].concat();
            record.splice(FIXED..FIXED, added.iter().copied());
            record[44..48].copy_from_slice(&length(own + added.len()));
            let sum = checksum(&record);
            record[4..8].copy_from_slice(&sum.to_le_bytes());
            prop_assert_eq!(decode(&record), Some((header, value_at + added.len())));
        }

        #[test]
        fn garbage_is_a_miss(garbage: Vec<u8>) {
            prop_assert_eq!(decode(&garbage), None);
        }
    }
}
