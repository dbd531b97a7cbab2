//! The places of responses that depend on more of a request than its URL.

use super::stored::Variants;
use crate::driver::Host;
use crate::http::head::Head;
use crate::http::vary;
use crate::strategy::ttl::Lifetime;
use std::format;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

/// A record for a URL of which nothing is known.
pub(super) fn new_record(host: &dyn Host) -> Variants {
    let (now, roll) = (host.now().as_millis(), host.roll().to_bits());
    Variants {
        id: Arc::from(format!("{now:x}.{roll:x}")),
        lists: Vec::new(),
        lifetime: Lifetime::NONE,
    }
}

/// The key of one variant; `None` when no other request can have it.
pub(super) fn key_of_variant(
    primary: &str,
    record: &Variants,
    list: &str,
    request: Head<'_>,
) -> Option<String> {
    let selection = vary::key(list, request)?;
    Some(format!("{primary}\n{}\n{list}\n{selection}", record.id))
}

/// The keys where a request's response may be, the likeliest first.
pub(super) fn keys_of_variants(
    primary: &str,
    record: &Variants,
    request: Head<'_>,
) -> Vec<Arc<str>> {
    let lists = record.lists.iter();
    lists
        .filter_map(|list| key_of_variant(primary, record, list, request))
        .map(Arc::from)
        .collect()
}
