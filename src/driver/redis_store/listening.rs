//! Hearing messages, whatever becomes of connections.

use crate::driver::host::Host;
use crate::driver::store::Listener;
use crate::time::Span;
use ::redis::{Client, RedisError};
use futures::StreamExt;
use futures::future::{Either, select};
use std::boxed::Box;
use std::string::String;

/// The pauses between attempts to connect for messages: from the first, doubled up to the last.
const PAUSES: (Span, Span) = (Span::from_millis(50), Span::from_secs(2));

pub(super) type Messages = ::redis::aio::PubSubStream;

pub(super) async fn open(client: &Client, channel: &str) -> Result<Messages, RedisError> {
    let mut connection = client.get_async_pubsub().await?;
    connection.subscribe(channel).await?;
    Ok(connection.into_on_message())
}

/// Hears messages for ever, whatever becomes of connections.
pub(super) async fn listen(
    host: &dyn Host,
    client: &Client,
    channel: &str,
    mut messages: Messages,
    listener: &dyn Listener,
) {
    loop {
        while let Some(message) = messages.next().await {
            let payload: Result<String, _> = message.get_payload();
            match payload {
                Ok(text) => listener.heard(&text),
                Err(_) => listener.missed(),
            }
        }
        listener.missed();
        messages = reopen(host, client, channel).await;
        listener.missed();
    }
}

async fn reopen(host: &dyn Host, client: &Client, channel: &str) -> Messages {
    let (mut pause, longest) = PAUSES;
    loop {
        let opening = Box::pin(open(client, channel));
        // A server that accepts connections and says nothing is tried again.
        if let Either::Left((Ok(messages), _)) = select(opening, host.sleep(longest)).await {
            return messages;
        }
        host.sleep(pause).await;
        pause = pause.times(2).min(longest);
    }
}
