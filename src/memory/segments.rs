//! An array that grows in blocks: nothing is copied when it grows, and less than a block is unused.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Items in a block. A power of two, so that an index in a block needs no check.
const BLOCK: usize = 128;

/// A growing array of blocks.
#[derive(Clone, Debug)]
pub(super) struct Segments<T> {
    blocks: Vec<Box<[T; BLOCK]>>,
    len: usize,
}

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Copy> Segments<T> {
    /// Returns the number of items.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Returns the item at `index`; for one that was never pushed `None`, or what the last block was
    /// filled with.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&T> {
        let block = self.blocks.get(index as usize / BLOCK)?;
        Some(&block[index as usize % BLOCK])
    }

    /// The same, to change it.
    #[inline]
    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        let block = self.blocks.get_mut(index as usize / BLOCK)?;
        Some(&mut block[index as usize % BLOCK])
    }

    /// Adds an item, which also fills the rest of a block that it begins.
    #[inline(never)]
    pub(super) fn push(&mut self, item: T) {
        if self.len == self.blocks.len() * BLOCK {
            self.blocks.push(Box::new([item; BLOCK]));
        } else {
            self.blocks[self.len / BLOCK][self.len % BLOCK] = item;
        }
        self.len += 1;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> + '_ {
        self.blocks
            .iter()
            .flat_map(|block| block.iter())
            .take(self.len)
    }

    /// Yields each item, and what the last block is filled with.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> + '_ {
        self.blocks.iter_mut().flat_map(|block| block.iter_mut())
    }
}

impl<T> core::ops::Index<u32> for Segments<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: u32) -> &T {
        &self.blocks[index as usize / BLOCK][index as usize % BLOCK]
    }
}

impl<T> core::ops::IndexMut<u32> for Segments<T> {
    #[inline]
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.blocks[index as usize / BLOCK][index as usize % BLOCK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_over_blocks() {
        let mut segments = Segments::default();
        for item in 0..300_u32 {
            assert_eq!(segments.len(), item as usize);
            segments.push(item);
        }
        assert_eq!(
            (segments[127], segments[128], segments[299]),
            (127, 128, 299)
        );
        assert_eq!((segments.get(299), segments.get(384)), (Some(&299), None));
        segments[128] = 0;
        *segments.get_mut(127).unwrap() = 0;
        assert_eq!(segments.get_mut(384), None);
        assert_eq!(segments.iter().sum::<u32>(), 299 * 300 / 2 - 128 - 127);
        segments.iter_mut().for_each(|item| *item = 1);
        assert_eq!(segments.iter().sum::<u32>(), 300);
    }
}
