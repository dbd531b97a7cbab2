//! A response whose head has come, and what the rules say of it.

use super::asked::Asked;
use super::keys::origin_of;
use super::live::Live;
use super::policy::HttpRules;
use crate::http::age::Exchange as When;
use crate::http::groups;
use crate::http::head::Head;
use crate::http::response::{Circumstances, Plan, Reading, Transfer, plan, read};
use crate::http::status::Status;
use crate::http::storing::Answer;
use crate::http::vary;
use crate::time::Timestamp;
use http::{Response, StatusCode};
use std::format;
use std::string::String;
use std::vec::Vec;

/// A response that has begun.
pub(super) struct Exchange {
    pub(super) response: Response<Live>,
    pub(super) when: When,
}

/// A response as it was read.
pub(super) struct Verdict {
    pub(super) head: String,
    pub(super) reading: Reading,
    /// The fields it varies by; empty for none.
    pub(super) vary: String,
    /// The tags of its groups.
    pub(super) groups: Vec<String>,
    received_at: Timestamp,
}

impl Verdict {
    /// Reads a response to `asked`. `max_body`: the most bytes that are kept of it.
    pub(super) fn of(
        asked: &Asked,
        (status, head): (StatusCode, String),
        when: When,
        rules: &HttpRules,
        max_body: u64,
    ) -> Self {
        let request = asked.heeded();
        let is_post = asked.parts.method == http::Method::POST;
        let answer = Answer {
            method: if is_post { "POST" } else { "GET" },
            request: Head::new(&request),
            status: Status(status.as_u16()),
            response: Head::new(&head),
            exchange: when,
        };
        let transfer = Transfer {
            redirected: false,
            hides_coding: false,
            max_body,
        };
        let reading = read(&answer, transfer, &rules.rules);
        Self {
            reading,
            vary: vary_of(&head, asked.implied_vary),
            groups: group_tags(&asked.url, &groups::of(answer.response)),
            received_at: when.received_at,
            head,
        }
    }

    /// Decides on it, for a body that was complete at `now`.
    pub(super) fn plan_at(
        &self,
        rules: &HttpRules,
        circumstances: Circumstances,
        now: Timestamp,
    ) -> Plan {
        let elapsed = now.since(self.received_at);
        plan(&self.reading, &rules.rules, circumstances, elapsed)
    }
}

/// The fields that an answer depends on, said or `implied`.
fn vary_of(head: &str, implied: &str) -> String {
    if implied.is_empty() {
        return vary::names(Head::new(head), false);
    }
    vary::names(Head::new(&format!("{head}vary: {implied}\n")), false)
}

/// The tags of groups, a line each: names hold within one origin. They are the npm package's.
pub(super) fn group_tags(url: &str, groups: &str) -> Vec<String> {
    let origin = origin_of(url);
    groups
        .lines()
        .map(|group| format!("group:{origin} {group}"))
        .collect()
}
