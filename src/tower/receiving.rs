//! The bytes of bodies being received that are held in memory, all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The least that there is room for.
const LEAST: u64 = 32 * 1024 * 1024;

/// Room for bodies that are received, which nothing else bounds: entries count when they are whole.
#[derive(Debug)]
pub(super) struct Receiving {
    most: u64,
    used: AtomicU64,
}

impl Receiving {
    /// Room for what entries may weigh.
    pub(super) fn new(max_bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            most: max_bytes.max(LEAST),
            used: AtomicU64::new(0),
        })
    }

    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share {
            room: Arc::clone(self),
            bytes: 0,
        }
    }
}

/// The room of one body, which is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    room: Arc<Receiving>,
    bytes: u64,
}

impl Share {
    /// Takes room for more of the body; false when there is none.
    pub(super) fn take(&mut self, bytes: u64) -> bool {
        let used = self.room.used.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        used.saturating_add(bytes) <= self.room.most
    }

    /// Gives room back that it had for a part of the body.
    pub(super) fn give(&mut self, bytes: u64) {
        let given = bytes.min(self.bytes);
        self.bytes -= given;
        self.room.used.fetch_sub(given, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_share_the_room_and_give_it_back() {
        let room = Receiving::new(0);
        let mut one = room.share();
        let mut other = room.share();
        assert!(one.take(LEAST) && !other.take(1));
        drop((one, other));
        let mut part = room.share();
        assert!(part.take(LEAST) && !room.share().take(1));
        part.give(1);
        assert!(room.share().take(1));
        part.give(u64::MAX);
        assert!(room.share().take(LEAST), "no more than it had");
    }
}
