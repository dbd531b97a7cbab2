//! `MurmurHash3_x64_128`, by Austin Appleby (public domain):
//! <https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp>. Seed 0.
//!
//! Two well-mixed 64-bit numbers for one pass over the bytes, the same on every machine. It is no
//! defence against keys that were made to collide; nothing here needs one.

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// Returns both halves of the hash of `bytes`.
pub(super) fn murmur3(bytes: &[u8]) -> (u64, u64) {
    let (mut h1, mut h2) = (0_u64, 0_u64);
    let (blocks, rest) = bytes.as_chunks::<16>();
    for block in blocks {
        let (k1, k2) = halves(block);
        h1 = (h1 ^ scramble(k1, C1, 31, C2)).rotate_left(27);
        h1 = h1.wrapping_add(h2).wrapping_mul(5);
        h1 = h1.wrapping_add(0x52dc_e729);
        h2 = (h2 ^ scramble(k2, C2, 33, C1)).rotate_left(31);
        h2 = h2.wrapping_add(h1).wrapping_mul(5);
        h2 = h2.wrapping_add(0x3849_5ab5);
    }
    // Missing bytes count as zeros, which change nothing.
    let mut tail = [0; 16];
    tail[..rest.len()].copy_from_slice(rest);
    let (k1, k2) = halves(&tail);
    let length = bytes.len() as u64;
    h1 ^= scramble(k1, C1, 31, C2) ^ length;
    h2 ^= scramble(k2, C2, 33, C1) ^ length;
    let (h1, h2) = cross(h1, h2);
    cross(avalanche(h1), avalanche(h2))
}

fn halves(block: &[u8; 16]) -> (u64, u64) {
    let both = u128::from_le_bytes(*block);
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let lower = both as u64;
    (lower, (both >> 64) as u64)
}

const fn scramble(half: u64, before: u64, turn: u32, after: u64) -> u64 {
    half.wrapping_mul(before)
        .rotate_left(turn)
        .wrapping_mul(after)
}

const fn cross(h1: u64, h2: u64) -> (u64, u64) {
    let h1 = h1.wrapping_add(h2);
    (h1, h2.wrapping_add(h1))
}

const fn avalanche(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_published_hashes() {
        assert_eq!(murmur3(b""), (0, 0));
        assert_eq!(
            murmur3(b"hello"),
            (0xcbd8_a7b3_41bd_9b02, 0x5b1e_906a_48ae_1d19)
        );
        assert_eq!(
            murmur3(b"The quick brown fox jumps over the lazy dog"),
            (0xe34b_bc7b_bc07_1b6c, 0x7a43_3ca9_c49a_9347)
        );
    }
}
