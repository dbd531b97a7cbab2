//! The requirements, one function each.

use super::{Bench, Checked, Conformance};
use crate::driver::store::{SetOptions, StoreError};
use crate::time::Span;
use futures::future::join_all;
use std::borrow::ToOwned;
use std::collections::BTreeSet;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

pub(super) const LONG: SetOptions = SetOptions {
    expires_in: Span::from_secs(600),
    within: Span::from_secs(60),
};

/// Short enough to wait for, long enough to look in between.
const SHORT: Span = Span::from_millis(400);

/// Characters that patterns are made of, which a prefix may have.
const PATTERNS: [&str; 8] = ["*", "a*", "?", "[a", "{a", "\\", "%", "_"];

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: StoreError) -> String {
    format!("it failed: {error}")
}

impl Bench<'_> {
    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn set(&self, name: &str, record: &[u8], options: SetOptions) -> Checked {
        let key = self.named(name);
        self.store.set(&key, record, options).await.map_err(failed)
    }

    async fn delete(&self, name: &str) -> Checked {
        let key = self.named(name);
        self.store.delete(&key).await.map_err(failed)
    }

    async fn has(&self, name: &str, record: &[u8]) -> Checked {
        let found = self.store.get(&self.named(name)).await.map_err(failed)?;
        match found {
            Some(found) if found == record => Ok(()),
            Some(found) => Err(format!("{name:?} has {} other bytes", found.len())),
            None => Err(format!("{name:?} is missing")),
        }
    }

    async fn lacks(&self, name: &str) -> Checked {
        let found = self.store.get(&self.named(name)).await.map_err(failed)?;
        match found {
            None => Ok(()),
            Some(_) => Err(format!("{name:?} is there")),
        }
    }

    pub(super) async fn records(&self) -> Checked {
        let every: Vec<u8> = (0..=u8::MAX).collect();
        let noise: Vec<u8> = (0..self.options.max_bytes).map(noise).collect();
        let records: [&[u8]; 6] = [
            b"",
            b"\0",
            &every,
            b"\xff\xfe\xc3\x28\xed\xa0",
            b"12",
            &noise,
        ];
        for record in records {
            self.set("a", record, LONG).await?;
            self.has("a", record).await?;
        }
        Ok(())
    }

    pub(super) async fn gets_many(&self) -> Checked {
        self.set("a", b"1", LONG).await?;
        self.set("c", b"\0\xff", LONG).await?;
        let keys = ["c", "b", "a", "c"].map(|name| self.named(name));
        let reading = self.store.get_many(&keys).ok_or("it cannot any more")?;
        let found = reading.await.map_err(failed)?;
        let expected: [Option<&[u8]>; 4] = [Some(b"\0\xff"), None, Some(b"1"), Some(b"\0\xff")];
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        if found == expected {
            return Ok(());
        }
        Err(format!("it gave {found:?}"))
    }

    async fn add(&self, name: &str, record: &[u8]) -> Result<bool, String> {
        let key = self.named(name);
        let adding = self.store.add(&key, record, LONG);
        adding.ok_or("it cannot any more")?.await.map_err(failed)
    }

    pub(super) async fn adds(&self) -> Checked {
        if !self.add("a", b"first").await? {
            return Err("it did not add".into());
        }
        if self.add("a", b"second").await? {
            return Err("it added over a record".into());
        }
        self.has("a", b"first").await?;
        self.delete("a").await?;
        if !self.add("a", b"third").await? {
            return Err("it did not add after a deletion".into());
        }
        self.has("a", b"third").await
    }

    pub(super) async fn adds_once(&self) -> Checked {
        let records: Vec<String> = (0..8_u8).map(|nth| nth.to_string()).collect();
        let all = records
            .iter()
            .map(|record| self.add("a", record.as_bytes()));
        let added: Result<Vec<bool>, String> = join_all(all).await.into_iter().collect();
        let added = added?;
        let winner = added.iter().position(|&is_added| is_added);
        match (winner, added.iter().filter(|&&is_added| is_added).count()) {
            (Some(winner), 1) => self.has("a", records[winner].as_bytes()).await,
            (_, many) => Err(format!("{many} did")),
        }
    }

    pub(super) async fn compares(&self) -> Checked {
        let key = self.named("a");
        let drop = |record: &'static [u8]| async {
            let dropping = self.store.compare_and_delete(&key, record);
            dropping.ok_or("it cannot any more")?.await.map_err(failed)
        };
        if drop(b"1").await? {
            return Err("it dropped what was not there".into());
        }
        self.set("a", b"12", LONG).await?;
        if drop(b"1").await? || drop(b"123").await? {
            return Err("it dropped another record".into());
        }
        self.has("a", b"12").await?;
        if !drop(b"12").await? {
            return Err("it did not drop the record".into());
        }
        self.lacks("a").await
    }

    pub(super) async fn misses(&self) -> Checked {
        self.lacks("a").await?;
        self.delete("a").await?;
        self.lacks("a").await
    }

    pub(super) async fn replaces(&self) -> Checked {
        for record in [&b"a longer record"[..], b"short", b""] {
            self.set("a", record, LONG).await?;
            self.has("a", record).await?;
        }
        Ok(())
    }

    pub(super) async fn deletes(&self) -> Checked {
        self.set("a", b"a", LONG).await?;
        self.set("b", b"b", LONG).await?;
        self.delete("a").await?;
        self.lacks("a").await?;
        self.has("b", b"b").await?;
        self.set("a", b"again", LONG).await?;
        self.has("a", b"again").await
    }

    pub(super) async fn tells_keys_apart(&self) -> Checked {
        let names = similar_names();
        for (nth, name) in names.iter().enumerate() {
            self.set(name, nth.to_string().as_bytes(), LONG).await?;
        }
        for (nth, name) in names.iter().enumerate() {
            self.has(name, nth.to_string().as_bytes()).await?;
        }
        for (nth, name) in names.iter().enumerate() {
            self.delete(name).await?;
            self.lacks(name).await?;
            if let Some(next) = names.get(nth + 1) {
                self.has(next, (nth + 1).to_string().as_bytes()).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn overlaps(&self) -> Checked {
        let names: Vec<String> = (0..50).map(|nth| nth.to_string()).collect();
        let set = names
            .iter()
            .map(|name| self.set(name, name.as_bytes(), LONG));
        join_all(set).await.into_iter().collect::<Checked>()?;
        let read = names.iter().map(|name| self.has(name, name.as_bytes()));
        join_all(read).await.into_iter().collect::<Checked>()?;
        let deleted = names[10..].iter().map(|name| self.delete(name));
        join_all(deleted).await.into_iter().collect::<Checked>()?;
        for (nth, name) in names.iter().enumerate() {
            if nth < 10 {
                self.has(name, name.as_bytes()).await?;
            } else {
                self.lacks(name).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn lives(&self) -> Checked {
        let day = Span::from_secs(86_400);
        let spans = [
            Span::FOREVER,
            Span::from_millis(1 << 53),
            day.times(73_000),
            Span::from_millis((1 << 32) + 10),
            Span::from_millis(1 << 31),
            day.times(31),
            day.times(29),
        ];
        for expires_in in spans {
            let options = SetOptions { expires_in, ..LONG };
            self.set("a", b"a", options).await?;
            let there = self.has("a", b"a").await;
            there.map_err(|reason| format!("{reason} for {} ms", expires_in.as_millis()))?;
        }
        Ok(())
    }

    pub(super) async fn stays(&self) -> Checked {
        let expiring = |expires_in| SetOptions { expires_in, ..LONG };
        self.set("a", b"a", expiring(SHORT.times(10))).await?;
        let half = Span::from_millis(SHORT.as_millis() / 2);
        self.set("b", b"b", expiring(half)).await?;
        self.set("b", b"b2", LONG).await?;
        (self.options.advance)(SHORT).await;
        self.has("a", b"a").await?;
        self.has("b", b"b2").await
    }

    pub(super) async fn ends(&self) -> Checked {
        let Conformance { advance, lag, .. } = self.options;
        let expires_in = SHORT + *lag;
        let ending = SetOptions { expires_in, ..LONG };
        let endless = SetOptions {
            expires_in: Span::FOREVER,
            ..LONG
        };
        self.set("a", b"a", ending).await?;
        self.set("b", b"b", endless).await?;
        self.set("b", b"b", ending).await?;
        self.has("a", b"a").await?;
        advance(expires_in + *lag + Span::from_millis(1)).await;
        self.lacks("a").await?;
        self.lacks("b").await
    }

    pub(super) fn is_named(&self) -> Checked {
        let name = self.store.name().to_owned();
        if name.is_empty() || name != self.store.name() {
            return Err(format!(
                "it is called {name:?}, then {:?}",
                self.store.name()
            ));
        }
        Ok(())
    }

    async fn fill(&self, names: &[&str]) -> Checked {
        for name in names {
            self.set(name, name.as_bytes(), LONG).await?;
        }
        Ok(())
    }

    pub(super) async fn lists(&self) -> Checked {
        let within = [
            "in:", "in:1", "in:ä", "in:😀", "in:a b", "in:a/b", "in:*", "in:[a]",
        ];
        self.fill(&within).await?;
        self.fill(&["in", "out:1", "In:1", "xin:1"]).await?;
        let prefix = self.named("in:");
        let listing = self.store.keys(&prefix).ok_or("it cannot list any more")?;
        let listed = listing.await.map_err(failed)?;
        let count = listed.len();
        let found: BTreeSet<String> = listed.into_iter().collect();
        let expected: BTreeSet<String> = within.iter().map(|name| self.named(name)).collect();
        if found == expected && count == expected.len() {
            return Ok(());
        }
        Err(format!("{count} keys are listed: {found:?}"))
    }

    async fn clear(&self, name: &str) -> Checked {
        let prefix = self.named(name);
        let clearing = self
            .store
            .clear(&prefix)
            .ok_or("it cannot clear any more")?;
        clearing.await.map_err(failed)
    }

    pub(super) async fn clears(&self) -> Checked {
        let within: Vec<String> = (0..1200).map(|nth| format!("in:{nth}")).collect();
        let within: Vec<&str> = within.iter().map(String::as_str).collect();
        self.fill(&within).await?;
        let others = ["in", "out:1", "In:1"];
        self.fill(&others).await?;
        self.clear("in:").await?;
        for name in &within {
            self.lacks(name).await?;
        }
        for name in others {
            self.has(name, name.as_bytes()).await?;
        }
        self.set(within[0], b"new", LONG).await?;
        self.has(within[0], b"new").await
    }

    pub(super) async fn clears_no_patterns(&self) -> Checked {
        let others = ["b", "ab", "abc", "z"];
        self.fill(&others).await?;
        for pattern in PATTERNS {
            let name = format!("{pattern}1");
            self.set(&name, b"1", LONG).await?;
            self.clear(pattern).await?;
            self.lacks(&name).await?;
            for other in others {
                self.has(other, other.as_bytes()).await?;
            }
        }
        Ok(())
    }
}

/// Bytes that do not repeat soon.
fn noise(nth: usize) -> u8 {
    (nth.wrapping_mul(2_654_435_761) >> 11).to_le_bytes()[0]
}

/// Names that a store may change, confuse or refuse.
fn similar_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "", " ", "a", "A", " a", "a ", "a b", "a+b", "a%20b", "a\tb", "a\r\nb", "a\0", "a\0b",
        "a\u{7f}", "a:", "a:b", "a/", "a/b", "a/../b", ".", "..", "a?b", "a#b", "a&b=c", "*", "a*",
        "[a]", "{a}", "a\\", "a'b", "a\"b", "\u{e4}", "a\u{308}", "\u{212a}", "K", "😀", "😁",
        "\u{fffd}",
    ]
    .map(String::from)
    .into();
    names.push("日本語".repeat(60));
    for length in [250, 251, 512, 513, 1024, 10_240] {
        let long = "k".repeat(length);
        names.extend([format!("{long}1"), format!("{long}2"), long]);
    }
    names
}
