//! The stored form of an entry: a versioned header and the value's bytes, with a checksum.
//!
//! | bytes | content |
//! |---|---|
//! | 0–1 | `ho` |
//! | 2 | version, 2 |
//! | 3 | codec id, the host's |
//! | 4–7 | checksum: FNV-1a, 32 bit, of bytes 0–3 and 8–end |
//! | 8–15 | time of storing: wall clock, milliseconds |
//! | 16–39 | `ttl`, `stale_while_revalidate`, `stale_if_error`: milliseconds, `u64::MAX` for no end |
//! | 40–43 | duration of its load, milliseconds |
//! | 44–47 | length of the extension, at most 65,536 |
//! | 48– | extension, then the value |
//!
//! The extension is a row of blocks: kind (1 byte), length (4), content. Kinds that are not known
//! are skipped. Kind 1, of a tagged entry: per tag its hash, its hard and its soft version, 8 bytes
//! each, at most 1,024 tags. Kind 2, of an entry that is retained: how long (8 bytes, milliseconds).
//! Version 1 had times instead of the tags' versions; its records are no longer read.
//!
//! Numbers are little-endian. Whatever cannot be read is `None`, a miss; reading never fails. Head
//! and value can be read apart, so that a host need not copy long values.

use crate::strategy::ttl::Lifetime;
use crate::tags::{Tag, Versions};
use crate::time::{Span, Timestamp};
use alloc::boxed::Box;
use alloc::vec::Vec;

const MAGIC: [u8; 2] = *b"ho";
const VERSION: u8 = 2;
/// Offset of the checksum.
pub(crate) const SUM_AT: usize = 4;
/// The first byte after it.
pub(crate) const SUM_END: usize = 8;
/// Offset of the length of the extension.
pub(crate) const LENGTH_AT: usize = 44;
/// Offset of the extension.
pub(crate) const FIXED: usize = 48;
/// The longest extension that is read.
pub(crate) const MOST_EXTENSION: usize = 1 << 16;
/// The most tags of an entry.
pub const MOST_TAGS: usize = 1024;
/// Bytes of a tag and its versions.
const TAG_BYTES: usize = 24;
/// Kind and length of a block.
const BLOCK: usize = 5;
const TAGGED: u8 = 1;
const RETAINED: u8 = 2;

/// The content of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The codec that made the value's bytes.
    pub codec: u8,
    /// Time of storing, on the wall clock of the host that stored it.
    pub stored_at: Timestamp,
    /// Its lifetime, counted from the time of storing.
    pub lifetime: Lifetime,
    /// Duration of its load, in milliseconds.
    pub load_cost: u32,
    /// Its tags, and their versions when its load began.
    pub tags: Box<[(Tag, Versions)]>,
}

/// The running checksum of a record: FNV-1a over everything but the checksum's own place. It finds
/// damage, not forgery: records that others may write are signed (SEMANTICS §10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum(pub u32);

impl Default for Checksum {
    fn default() -> Self {
        Self(0x811c_9dc5)
    }
}

impl Checksum {
    /// The checksum of everything so far and `bytes`.
    #[must_use]
    pub fn then(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |sum, &byte| {
            (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        }))
    }
}

/// Writes a header and `value` behind it.
#[must_use]
pub fn encode(header: &Header, value: &[u8]) -> Vec<u8> {
    let mut record = encode_head(header);
    record.extend_from_slice(value);
    let sum = checksum(&record);
    record[SUM_AT..SUM_END].copy_from_slice(&sum.0.to_le_bytes());
    record
}

/// Writes a header, without its checksum. Of more tags than [`MOST_TAGS`] the rest is left out,
/// which callers prevent.
#[must_use]
pub fn encode_head(header: &Header) -> Vec<u8> {
    let mut record = Vec::with_capacity(FIXED);
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
    record
}

/// Reads a record: its header, and where in `record` the value begins.
#[must_use]
pub fn decode(record: &[u8]) -> Option<(Header, usize)> {
    let head = decode_head(record)?;
    is_intact(record).then_some(head)
}

/// True if a record has the checksum that it says.
#[must_use]
pub fn is_intact(record: &[u8]) -> bool {
    record.len() >= SUM_END && u32_at(record, SUM_AT) == Some(checksum(record).0)
}

/// Reads the beginning of a record, up to where its value begins, and does not look at the
/// checksum.
#[must_use]
pub fn decode_head(record: &[u8]) -> Option<(Header, usize)> {
    let fixed = record.get(..FIXED)?;
    if fixed[..2] != MAGIC || fixed[2] != VERSION {
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
        tags: Box::default(),
    };
    let extension = usize::try_from(u32_at(fixed, LENGTH_AT)?).ok()?;
    if extension > MOST_EXTENSION {
        return None;
    }
    let value_at = FIXED + extension;
    read_extension(record.get(FIXED..value_at)?, &mut header)?;
    Some((header, value_at))
}

fn extension(header: &Header) -> Vec<u8> {
    let mut extension = Vec::new();
    let tags = &header.tags[..header.tags.len().min(MOST_TAGS)];
    if !tags.is_empty() {
        extension.push(TAGGED);
        extension.extend_from_slice(&length(TAG_BYTES * tags.len()));
        for (tag, Versions { hard, soft }) in tags {
            for number in [tag, hard, soft] {
                extension.extend_from_slice(&number.to_le_bytes());
            }
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
            TAGGED => header.tags = read_tags(content)?,
            RETAINED => header.lifetime.retained = Span::from_millis(u64_at(content, 0)?),
            _ => {}
        }
        blocks = &blocks[end..];
    }
    Some(())
}

fn read_tags(content: &[u8]) -> Option<Box<[(Tag, Versions)]>> {
    if !content.len().is_multiple_of(TAG_BYTES) || content.len() > MOST_TAGS * TAG_BYTES {
        return None;
    }
    let tags = content.chunks_exact(TAG_BYTES).map(|tag| {
        let hard = u64_at(tag, 8)?;
        let soft = u64_at(tag, 16)?;
        Some((u64_at(tag, 0)?, Versions { hard, soft }))
    });
    tags.collect()
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

fn checksum(record: &[u8]) -> Checksum {
    Checksum::default()
        .then(&record[..SUM_AT])
        .then(&record[SUM_END..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> impl Strategy<Value = Header> {
        let tags = proptest::collection::vec(any::<[u64; 3]>(), 0..8);
        (any::<u8>(), any::<[u64; 5]>(), any::<u32>(), tags).prop_map(
            |(codec, times, load_cost, tags)| Header {
                codec,
                stored_at: Timestamp::from_millis(times[0]),
                lifetime: Lifetime {
                    ttl: Span::from_millis(times[1]),
                    stale_while_revalidate: Span::from_millis(times[2]),
                    stale_if_error: Span::from_millis(times[3]),
                    retained: Span::from_millis(times[4] % 2 * times[4]),
                },
                load_cost,
                tags: tags
                    .into_iter()
                    .map(|[tag, hard, soft]| (tag, Versions { hard, soft }))
                    .collect(),
            },
        )
    }

    fn seal(record: &mut [u8]) {
        let sum = checksum(record);
        record[SUM_AT..SUM_END].copy_from_slice(&sum.0.to_le_bytes());
    }

    fn tagged(count: usize) -> Header {
        Header {
            codec: 1,
            stored_at: Timestamp::ZERO,
            lifetime: Lifetime {
                ttl: Span::FOREVER,
                stale_while_revalidate: Span::ZERO,
                stale_if_error: Span::ZERO,
                retained: Span::ZERO,
            },
            load_cost: 0,
            tags: (0..count as u64)
                .map(|tag| (tag, Versions { hard: 1, soft: 2 }))
                .collect(),
        }
    }

    #[test]
    fn tags_are_bounded_both_ways() {
        let most = encode(&tagged(MOST_TAGS), b"value");
        assert_eq!(decode(&most).unwrap().0.tags.len(), MOST_TAGS);
        let more = encode(&tagged(MOST_TAGS + 1), b"value");
        assert_eq!(decode(&more).unwrap().0.tags.len(), MOST_TAGS);
        // By somebody who writes more all the same.
        let mut forged = most;
        let block = TAG_BYTES * (MOST_TAGS + 1);
        forged.splice(FIXED..FIXED, [0; TAG_BYTES]);
        forged[LENGTH_AT..FIXED].copy_from_slice(&length(BLOCK + block));
        forged[FIXED] = TAGGED;
        forged[FIXED + 1..FIXED + BLOCK].copy_from_slice(&length(block));
        seal(&mut forged);
        assert_eq!(decode(&forged), None);
    }

    #[test]
    fn an_extension_is_bounded() {
        for (extension, is_read) in [(MOST_EXTENSION, true), (MOST_EXTENSION + 1, false)] {
            let mut record = encode(&tagged(0), b"");
            record.push(9);
            record.extend_from_slice(&length(extension - BLOCK));
            record.resize(FIXED + extension, 0);
            record[LENGTH_AT..FIXED].copy_from_slice(&length(extension));
            seal(&mut record);
            assert_eq!(decode(&record).is_some(), is_read, "{extension}");
        }
    }

    #[test]
    fn records_of_version_1_are_a_miss() {
        let mut record = encode(&tagged(0), b"value");
        record[2] = 1;
        seal(&mut record);
        assert_eq!(decode(&record), None);
    }

    proptest! {
        #[test]
        fn the_checksum_can_be_made_in_pieces(bytes: Vec<u8>, at: prop::sample::Index) {
            let (one, two) = bytes.split_at(at.index(bytes.len() + 1));
            let whole = Checksum::default().then(&bytes);
            prop_assert_eq!(Checksum::default().then(one).then(two), whole);
        }

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
            record[LENGTH_AT..FIXED].copy_from_slice(&length(0));
            seal(&mut record);
            let (read, _) = decode(&record).unwrap();
            let mut expected = header;
            expected.tags = Box::default();
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
            record[LENGTH_AT..FIXED].copy_from_slice(&length(own + added.len()));
            seal(&mut record);
            prop_assert_eq!(decode(&record), Some((header, value_at + added.len())));
        }

        #[test]
        fn garbage_is_a_miss(garbage: Vec<u8>) {
            prop_assert_eq!(decode(&garbage), None);
        }
    }
}
