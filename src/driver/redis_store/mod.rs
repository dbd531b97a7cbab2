//! A store in Redis or Valkey. Keys, records, scripts and channels are those of the npm package.

mod clock;
mod listening;

use self::clock::ServerClock;
use self::listening::{listen, open};
use super::bounds::opaque;
use super::host::Host;
use super::store::{Listener, SetOptions, Store, StoreError, StoreFuture, Subscription};
use crate::time::Span;
use ::redis::aio::ConnectionLike;
use ::redis::{Client, Cmd, FromRedisValue, RedisError, Script, cmd};
use futures::channel::oneshot;
use futures::future::select;
use std::boxed::Box;
use std::string::{String, ToString};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::Vec;

/// Keys per command when listing or dropping.
const BATCH: usize = 500;
/// The number of attempts at a write whose deadline was computed with a wrong clock.
const TRIES: usize = 3;
/// KEYS: one. ARGV: the record, the time after which it must not be written, and words of SET.
/// Returns 0 if that time has passed, else 1 if it was written and 2 if not; and the server's time.
const SET_IN_TIME: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now > tonumber(ARGV[2]) then return {0, now} end
return {redis.call('SET', KEYS[1], ARGV[1], unpack(ARGV, 3)) and 1 or 2, now}";
/// KEYS: one. ARGV: the record.
const COMPARE_AND_DELETE: &str = "
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])";

/// A store in Redis 5 or later, or Valkey, over a connection that stays the program's: a
/// `MultiplexedConnection` or `ConnectionManager`, or a `ClusterConnection` with
/// [`RedisStore::in_cluster`]. Clones are the same store.
///
/// The npm package's store of one server has the same keys, records and messages: programs of both
/// kinds share entries, and hear each other's invalidations.
///
/// ```no_run
/// # #[cfg(feature = "tokio")]
/// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
/// use holdover::driver::{Cache, RedisStore, Stores, Tokio};
///
/// let client = redis::Client::open("redis://127.0.0.1/")?;
/// # fn connection(_: &redis::Client) -> redis::aio::MultiplexedConnection { unimplemented!() }
/// let store = RedisStore::new(connection(&client)).listening(Tokio, client);
/// let stores = Stores::json(|id: &u64| format!("user:{id}")).store(store);
/// let cache = Cache::<u64, String, std::io::Error>::builder(Tokio).stores(stores).build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore<C> {
    connection: C,
    in_cluster: bool,
    listening: Option<(Arc<dyn Host>, Client)>,
    set_in_time: Arc<Script>,
    compare_and_delete: Arc<Script>,
    /// False for a server, or a user, without scripts.
    runs_scripts: Arc<AtomicBool>,
    clock: Arc<ServerClock>,
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    /// A store over this connection.
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            in_cluster: false,
            listening: None,
            set_in_time: Arc::new(Script::new(SET_IN_TIME)),
            compare_and_delete: Arc::new(Script::new(COMPARE_AND_DELETE)),
            runs_scripts: Arc::new(AtomicBool::new(true)),
            clock: Arc::default(),
        }
    }

    /// Says that the connection is a cluster's. Its keys are not listed, so a cleared cache tells
    /// records from before by their times.
    #[must_use]
    pub fn in_cluster(self) -> Self {
        Self {
            in_cluster: true,
            ..self
        }
    }

    /// Hears what other instances invalidate, on a connection of its own that this client opens.
    #[must_use]
    pub fn listening(self, host: impl Host, client: Client) -> Self {
        Self {
            listening: Some((Arc::new(host), client)),
            ..self
        }
    }

    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let mut connection = self.connection.clone();
        command.query_async(&mut connection).await.map_err(failure)
    }

    /// Sets a key; false if it `only_adds` and there is a record.
    async fn write(
        &self,
        key: &str,
        record: &[u8],
        SetOptions { expires_in, within }: SetOptions,
        only_adds: bool,
    ) -> Result<bool, StoreError> {
        // Redis refuses 0, and what ends after its clock does.
        let life = expires_in.as_millis().clamp(1, 1 << 53).to_string();
        let mut words: Vec<&str> = Vec::new();
        if !expires_in.is_forever() {
            words.extend(["PX", &life]);
        }
        if only_adds {
            words.push("NX");
        }
        let key = key_to_text(key);
        if self.runs_scripts.load(Ordering::Relaxed) {
            match self.write_in_time(&key, record, &words, within).await {
                Ok(Some(is_written)) => return Ok(is_written),
                Ok(None) => return Err(StoreError::new("a write came too late")),
                Err(error) if has_no_scripts(&error) => {
                    self.runs_scripts.store(false, Ordering::Relaxed);
                }
                Err(error) => return Err(failure(error)),
            }
        }
        let mut set = cmd("SET");
        set.arg(&key).arg(record).arg(&words);
        let answer: Option<String> = self.query(&set).await?;
        Ok(answer.is_some())
    }

    /// Sets a key unless the server would do so later than in a while: a client may queue a command
    /// while it has no connection, and a write that was given up would replace a newer value.
    /// `None` if it was too late; false if a word said not to.
    async fn write_in_time(
        &self,
        key: &str,
        record: &[u8],
        words: &[&str],
        within: Span,
    ) -> Result<Option<bool>, RedisError> {
        let within = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        let since = self.clock.own();
        let mut until = self.clock.at(since).saturating_add(within);
        for _ in 0..TRIES {
            let mut invocation = self.set_in_time.prepare_invoke();
            invocation.key(key).arg(record).arg(until).arg(words);
            let mut connection = self.connection.clone();
            let (outcome, now): (u8, i64) = invocation.invoke_async(&mut connection).await?;
            let received = self.clock.own();
            self.clock.learn(now, received);
            if outcome > 0 {
                return Ok(Some(outcome == 1));
            }
            // The answer came in time, so the write did: the offset was wrong.
            let left = within.saturating_sub(received - since);
            if left <= 0 {
                return Ok(None);
            }
            until = now.saturating_add(left);
        }
        Ok(None)
    }

    async fn drop_if(&self, key: &str, record: &[u8]) -> Result<bool, StoreError> {
        let mut invocation = self.compare_and_delete.prepare_invoke();
        invocation.key(key_to_text(key)).arg(record);
        let mut connection = self.connection.clone();
        let dropped = invocation.invoke_async(&mut connection).await;
        let dropped: u8 = dropped.map_err(failure)?;
        Ok(dropped > 0)
    }

    /// Gives keys page by page, some perhaps several times.
    async fn page(&self, cursor: &str, prefix: &str) -> Result<(String, Vec<String>), StoreError> {
        let mut pattern = String::new();
        for character in key_to_text(prefix).chars() {
            if "*?[]\\^".contains(character) {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('*');
        let mut scan = cmd("SCAN");
        scan.arg(cursor)
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(BATCH);
        let (next, names): (String, Vec<Vec<u8>>) = self.query(&scan).await?;
        // Keys that are no text are not of this package.
        let names = names
            .into_iter()
            .filter_map(|name| String::from_utf8(name).ok());
        Ok((next, names.collect()))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        let mut cursor = String::from("0");
        loop {
            let (next, page) = self.page(&cursor, prefix).await?;
            names.extend(page.iter().filter_map(|text| text_to_key(text)));
            if next == "0" {
                // The server may list a key several times while it resizes its table.
                names.sort_unstable();
                names.dedup();
                return Ok(names);
            }
            cursor = next;
        }
    }

    async fn drop_all(&self, prefix: &str) -> Result<(), StoreError> {
        let mut cursor = String::from("0");
        loop {
            let (next, page) = self.page(&cursor, prefix).await?;
            if !page.is_empty() {
                let () = self.query(cmd("UNLINK").arg(page)).await?;
            }
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Store for RedisStore<C> {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn get<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move { self.query(cmd("GET").arg(key_to_text(key))).await })
    }

    fn set<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.write(key, record, options, false).await.map(drop) })
    }

    fn get_many<'a>(&'a self, keys: &'a [String]) -> Option<StoreFuture<'a, Vec<Option<Vec<u8>>>>> {
        Some(Box::pin(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let texts: Vec<String> = keys.iter().map(|key| key_to_text(key)).collect();
            self.query(cmd("MGET").arg(texts)).await
        }))
    }

    fn add<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
        options: SetOptions,
    ) -> Option<StoreFuture<'a, bool>> {
        Some(Box::pin(self.write(key, record, options, true)))
    }

    fn compare_and_delete<'a>(
        &'a self,
        key: &'a str,
        record: &'a [u8],
    ) -> Option<StoreFuture<'a, bool>> {
        Some(Box::pin(self.drop_if(key, record)))
    }

    fn delete<'a>(&'a self, key: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.query(cmd("DEL").arg(key_to_text(key))).await })
    }

    fn clear<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, ()>> {
        if self.in_cluster {
            return None;
        }
        Some(Box::pin(self.drop_all(prefix)))
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Option<StoreFuture<'a, Vec<String>>> {
        if self.in_cluster {
            return None;
        }
        Some(Box::pin(self.list(prefix)))
    }

    fn publish<'a>(&'a self, channel: &'a str, message: &'a str) -> Option<StoreFuture<'a, ()>> {
        self.listening.as_ref()?;
        Some(Box::pin(async move {
            let mut publish = cmd("PUBLISH");
            publish.arg(key_to_text(channel)).arg(message);
            self.query(&publish).await
        }))
    }

    fn subscribe<'a>(
        &'a self,
        channel: &'a str,
        listener: Arc<dyn Listener>,
    ) -> Option<StoreFuture<'a, Subscription>> {
        let (host, client) = self.listening.clone()?;
        Some(Box::pin(async move {
            let channel = key_to_text(channel);
            let messages = open(&client, &channel).await.map_err(failure)?;
            let (end, ended) = oneshot::channel::<()>();
            let sleeper = Arc::clone(&host);
            host.spawn(Box::pin(async move {
                let listening = listen(&*sleeper, &client, &channel, messages, &*listener);
                select(Box::pin(listening), ended).await;
            }));
            Ok(Subscription::new(move || drop(end)))
        }))
    }
}

fn failure(error: RedisError) -> StoreError {
    if error.code() == Some("WRONGTYPE") {
        return StoreError::unreadable("the key holds a value of another type");
    }
    StoreError::new(error)
}

fn has_no_scripts(error: &RedisError) -> bool {
    error.code() == Some("NOPERM") || error.to_string().contains("unknown command")
}

/// The text of a key, as JavaScript writes it: there, U+FFFD marks what UTF-8 cannot say.
fn key_to_text(key: &str) -> String {
    key.replace('\u{fffd}', "\u{fffd}fffd")
}

/// The key of a text; `None` for one that only JavaScript can have.
fn text_to_key(text: &str) -> Option<String> {
    let key = text.replace("\u{fffd}fffd", "\u{fffd}");
    (key_to_text(&key) == text).then_some(key)
}

opaque! { RedisStore<C> }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_as_in_javascript() {
        for key in ["", "a", "\u{fffd}", "a\u{fffd}fffd", "\u{fffd}\u{fffd}"] {
            assert_eq!(text_to_key(&key_to_text(key)).as_deref(), Some(key));
        }
        assert_eq!(key_to_text("\u{fffd}"), "\u{fffd}fffd");
        assert_eq!(text_to_key("\u{fffd}d83d"), None);
    }
}
