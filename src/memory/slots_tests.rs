use super::*;

fn entry(stored: u64, ttl: Span) -> Entry {
    Entry {
        stored_at: Timestamp::from_millis(stored),
        lifetime: Lifetime {
            ttl,
            stale_while_revalidate: Span::from_millis(5),
            stale_if_error: Span::FOREVER,
            retained: Span::from_secs(1),
        },
        load_cost: 7,
        size: u32::MAX,
        hits: 3,
        is_failure: false,
    }
}

#[test]
fn an_entry_comes_out_as_it_went_in() {
    let mut slots = Slots::default();
    slots.keep_counts();
    for stored in [0, 1, u64::from(u32::MAX) + 1, MOST - 1, MOST] {
        for ttl in [0, 1, u64::from(u32::MAX) + 1, MOST - 1, u64::MAX] {
            let put = entry(stored, Span::from_millis(ttl));
            let slot = slots.add(Fence::ZERO);
            slots.put(slot, &put);
            assert_eq!(slots.entry(slot), Some(put));
            slots.assert_invariants();
        }
    }
}

#[test]
fn times_end_in_the_year_10889() {
    let mut slots = Slots::default();
    let slot = slots.add(Fence::ZERO);
    slots.put(slot, &entry(MOST + 1, Span::from_millis(MOST)));
    let Entry {
        stored_at,
        lifetime,
        ..
    } = slots.entry(slot).unwrap();
    assert_eq!(stored_at.as_millis(), MOST);
    assert!(lifetime.ttl.is_forever());
}

#[test]
fn any_number_of_windows_comes_out_as_it_went_in() {
    let mut slots = Slots::default();
    let of = |retained: u32| {
        let mut entry = entry(1, Span::ZERO);
        entry.lifetime.retained = Span::from_millis(u64::from(retained));
        entry.lifetime
    };
    for number in 0..200 {
        let slot = slots.add(Fence::ZERO);
        slots.put(slot, &entry(1, Span::ZERO));
        slots.set_lifetime(slot, &of(number));
    }
    assert!((0..200).all(|number| slots.entry(number).unwrap().lifetime == of(number)));
    for slot in 0..100 {
        slots.set_lifetime(slot, &Lifetime::NONE);
        slots.clear(100 + slot);
    }
    slots.assert_invariants();
    assert_eq!(slots.entry(99).unwrap().lifetime, Lifetime::NONE);
    assert_eq!(slots.entry(100), None);
}

#[test]
fn barriers_keep_their_order_over_any_distance() {
    let mut slots = Slots::default();
    let fence = Fence::from_number;
    let far = 1 << 33;
    let (old, new) = (slots.add(fence(5)), slots.add(fence(far - 1)));
    assert_eq!(slots.barrier(new), fence(far - 1));
    slots.raise_barrier(new, fence(far));
    slots.raise_barrier(new, fence(9));
    assert_eq!(slots.barrier(new), fence(far));
    assert!(
        slots.barrier(old) > fence(5),
        "refuses what is older than the base"
    );
    assert!(
        slots.barrier(old) < fence(far - (1 << 30)),
        "and nothing younger"
    );
}

#[test]
fn counts_take_room_only_where_they_are_asked_for() {
    let mut slots = Slots::default();
    let slot = slots.add(Fence::ZERO);
    slots.put(slot, &entry(1, Span::ZERO));
    slots.count(slot, |hits| hits + 1);
    assert_eq!(
        (slots.counts.len(), slots.entry(slot).unwrap().hits),
        (0, 0)
    );
    slots.keep_counts();
    slots.count(slot, |hits| hits + 1);
    assert_eq!(slots.entry(slot).unwrap().hits, 1);
}
