//! One call: asking the machine, leading or joining a load, and what the outcome means for it.

use super::answer::{Answer, Source, Times};
use super::bounds::{BoxFuture, Failure, Key, MaybeSend, Value};
use super::cache::{Bound, Shared};
use super::error::{Cause, Error};
use super::event::Event;
use super::flight::{Brought, Flight, Outcome, Purpose};
use super::function::Thunk;
use super::host::Host;
use super::landing::{Load, times_of};
use super::state::State;
use super::waiting::{Lease, Ticket, Waited, run};
use crate::call::{Served, Step};
use crate::fence::Fence;
use crate::memory::SlotId;
use crate::time::{Span, Timestamp};
use std::boxed::Box;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

pub(super) type Answered<V, E> = Result<Answer<V, E>, Error<E>>;

/// A call on its way.
pub(super) struct Request<'a, K: Key, V: Value, E: Failure> {
    pub(super) shared: &'a Arc<Shared<K, V, E>>,
    pub(super) bound: &'a Arc<Bound<K, V, E>>,
    pub(super) key: &'a K,
    ttl: Option<Span>,
    /// A caller that asks for a new value is not served with an old one.
    is_refresh: bool,
    /// It waits for no load but its own.
    pub(super) waits_for_none: bool,
    /// The beginning of the load that brought what its own only keeps.
    #[cfg(feature = "tower")]
    pub(super) beginning: Option<super::leading::Beginning>,
}

/// The machine's verdict, performed as far as that takes the lock.
pub(super) enum Begun<K: Key, V: Value, E: Failure> {
    Answer(Answered<V, E>),
    AnswerAndLead(Answered<V, E>, Load<K, V, E>),
    Lead(Load<K, V, E>, Ticket<K, V, E>),
    Wait(Ticket<K, V, E>, Span),
}

impl<'a, K: Key, V: Value, E: Failure> Request<'a, K, V, E> {
    pub(super) fn new(
        shared: &'a Arc<Shared<K, V, E>>,
        bound: &'a Arc<Bound<K, V, E>>,
        key: &'a K,
    ) -> Self {
        Self {
            shared,
            bound,
            key,
            ttl: None,
            is_refresh: false,
            waits_for_none: false,
            #[cfg(feature = "tower")]
            beginning: None,
        }
    }

    /// Keeps what it loads for this time instead of the policy's.
    pub(super) fn ttl(self, ttl: Option<Span>) -> Self {
        Self { ttl, ..self }
    }

    /// Loads whether or not there is an entry.
    pub(super) fn refresh(self) -> Self {
        Self {
            is_refresh: true,
            ..self
        }
    }

    /// Answers it. `load` gives the load, at most once for a loader that can be called only once.
    pub(super) async fn answer(
        &self,
        mut load: impl FnMut() -> Option<Thunk<V, E>>,
    ) -> Answered<V, E> {
        if self.bound.rules.counts_calls
            && !self.is_refresh
            && let Err(refused) = self.admit_call()
        {
            return self.reject(refused).await;
        }
        loop {
            let (ticket, lease) = match self.begin() {
                Begun::Answer(answer) => return answer,
                Begun::AnswerAndLead(answer, led) => {
                    launch(&*self.shared.host, run(led, load())).await;
                    return answer;
                }
                Begun::Lead(led, ticket) => {
                    launch(&*self.shared.host, run(led, load())).await;
                    (ticket, None)
                }
                Begun::Wait(ticket, left) => (ticket, Some(Lease { left, shared: None })),
            };
            if let Some(answer) = self.wait(ticket, lease).await {
                return answer;
            }
        }
    }

    /// Waits for a load; `None` when somebody has to take over, perhaps this caller. `lease`: of one
    /// that another caller leads.
    pub(super) async fn wait(
        &self,
        ticket: Ticket<K, V, E>,
        lease: Option<Lease>,
    ) -> Option<Answered<V, E>> {
        let leads = lease.is_none();
        let after = self.bound.rules.policy.failover_after();
        // A store may have an entry that answers.
        let has_entry = ticket.has_fallback || self.shared.lower.is_some();
        let after = after.filter(|_| has_entry && !self.is_refresh);
        let entry = || self.fail_over();
        match ticket.wait(&*self.shared.host, after, lease, entry).await {
            Waited::Answer(answer) => {
                self.tell(Event::Failover);
                Some(Ok(answer))
            }
            Waited::Outcome(outcome) => Some(self.conclude(outcome, leads)),
            // Not once more: a host that drops tasks may drop the next one, too.
            Waited::Dropped if leads => Some(Err(Error::Dropped)),
            Waited::LeaseEnded | Waited::Dropped => None,
        }
    }

    pub(super) fn tell(&self, event: Event<'_, V, E>) {
        self.shared.tell(self.key, event);
    }

    fn tell_of(&self, begun: &Begun<K, V, E>) {
        match begun {
            Begun::Answer(Ok(answer)) => self.tell_source(answer),
            Begun::AnswerAndLead(answer, _) => {
                if let Ok(answer) = answer {
                    self.tell_source(answer);
                }
                self.tell(Event::Refresh);
            }
            Begun::Lead(_, ticket) => {
                if !ticket.has_fallback && !self.is_refresh {
                    self.tell(Event::Miss);
                }
                self.tell(Event::Load);
            }
            Begun::Wait(ticket, _) if !ticket.has_fallback => self.tell(Event::Miss),
            Begun::Answer(Err(_)) | Begun::Wait(..) => {}
        }
    }

    fn tell_source(&self, answer: &Answer<V, E>) {
        match answer.source {
            Source::Stale => self.tell(Event::Stale),
            Source::ErrorFallback => self.tell(Event::ErrorFallback(answer.cause.as_ref())),
            _ => self.tell(Event::Hit),
        }
    }

    /// Asks the machine, and tells of its verdict.
    pub(super) fn begin(&self) -> Begun<K, V, E> {
        if self.shared.is_closed.load(Ordering::Acquire) {
            return Begun::Answer(Err(Error::Closed));
        }
        let begun = self.ask();
        if self.shared.listener.is_some() {
            self.tell_of(&begun);
        }
        begun
    }

    fn ask(&self) -> Begun<K, V, E> {
        let host = &self.shared.host;
        let now = host.now();
        let policy = self.bound.id;
        let mut state = self.shared.lock();
        let known = state.slot(self.key);
        if self.is_refresh {
            let (slot, fence) = state.machine.refresh(known, policy, now);
            state.drain();
            if known.is_none() {
                state.adopt(slot, self.key);
            }
            return self.lead(&mut state, Some(slot), fence, false, true);
        }
        let (slot, mut step) = state.machine.begin(known, policy, now, f64::NAN);
        if step == Step::Roll {
            (_, step) = state.machine.begin(known, policy, now, host.roll());
        }
        if state.machine.has_dropped() {
            state.drain();
        }
        if let (None, Some(slot)) = (known, slot) {
            state.adopt(slot, self.key);
        }
        self.perform(&mut state, slot, step, now)
    }

    fn perform(
        &self,
        state: &mut State<K, V, E>,
        slot: Option<SlotId>,
        step: Step,
        now: Timestamp,
    ) -> Begun<K, V, E> {
        match step {
            Step::Serve(served) => Begun::Answer(self.serve(state, slot, served, now)),
            Step::ServeAndRefresh(served, fence) => {
                let answer = self.serve(state, slot, served, now);
                let purpose = Purpose {
                    background: true,
                    ..Purpose::default()
                };
                let led = self.launched(state, slot, fence, purpose);
                Begun::AnswerAndLead(answer, led)
            }
            Step::Load { fence, fallback } => {
                let is_shared = self.bound.rules.policy.single_flight();
                self.lead(state, slot.filter(|_| is_shared), fence, fallback, false)
            }
            Step::Wait { fallback }
                if self.waits_for_none || !self.shared.host.joins_requests() =>
            {
                self.load_beside(state, slot, fallback, now)
            }
            Step::Wait { fallback } => {
                let led = slot.and_then(|slot| state.place(slot)?.flight.clone());
                if let (Some(flight), Some(slot)) = (led, slot) {
                    let is_tagged = self.bound.rules.has_tags();
                    if is_tagged && is_outdated(state, &flight) {
                        let fence = state.machine.take_over(slot, self.bound.id, now);
                        return self.lead(state, Some(slot), fence, fallback, false);
                    }
                    let left = state.machine.wait_left(slot, now);
                    return Begun::Wait(Ticket::new(self.load_of(flight), fallback, true), left);
                }
                // A load that its host dropped: nothing is lost by leading another one.
                let known = state.slot(self.key);
                let (slot, fence) = state.machine.refresh(known, self.bound.id, now);
                self.lead(state, Some(slot), fence, fallback, false)
            }
            Step::Roll => unreachable!("a roll was given"),
        }
    }

    fn load_of(&self, flight: Arc<Flight<V, E>>) -> Load<K, V, E> {
        Load {
            shared: Arc::clone(self.shared),
            bound: Arc::clone(self.bound),
            key: self.key.clone(),
            flight,
        }
    }

    pub(super) fn lead(
        &self,
        state: &mut State<K, V, E>,
        slot: Option<SlotId>,
        fence: Fence,
        fallback: bool,
        must_load: bool,
    ) -> Begun<K, V, E> {
        let purpose = Purpose {
            is_beside: slot.is_none(),
            must_load,
            ..Purpose::default()
        };
        let led = self.launched(state, slot, fence, purpose);
        let ticket = Ticket::new(self.load_of(Arc::clone(&led.flight)), fallback, false);
        Begun::Lead(led, ticket)
    }

    fn launched(
        &self,
        state: &mut State<K, V, E>,
        slot: Option<SlotId>,
        fence: Fence,
        purpose: Purpose,
    ) -> Load<K, V, E> {
        let anchors = self.shared.host.anchors();
        let flight = Arc::new(Flight::new(fence, purpose, self.ttl, anchors));
        #[cfg(feature = "tower")]
        if let Some(beginning) = &self.beginning {
            beginning.apply(&flight);
        }
        if let Some(slot) = slot {
            state.lead(slot, &flight);
        }
        self.load_of(flight)
    }

    pub(super) fn serve(
        &self,
        state: &mut State<K, V, E>,
        slot: Option<SlotId>,
        served: Served,
        now: Timestamp,
    ) -> Answered<V, E> {
        let slot = slot.expect("an entry that answers has a slot");
        let place = state.place(slot).expect("and its key");
        let value = match place.content.as_ref().expect("and a content") {
            Ok(value) => value.clone(),
            Err(remembered) => return Err(remembered.clone()),
        };
        let (source, cause) = match served {
            Served::Hit => (Shared::source_of_hit(&self.bound.rules, &value), None),
            Served::Stale => (Source::Stale, None),
            Served::ErrorFallback => (Source::ErrorFallback, place.failure.clone()),
        };
        let times = times_of(state, slot, now);
        Ok(answer(value, source, times, cause))
    }

    /// The load is slow: the entry answers, if it still may.
    fn fail_over(&self) -> Option<Answer<V, E>> {
        let now = self.shared.host.now();
        let mut state = self.shared.lock();
        let slot = state.slot(self.key)?;
        if !state.machine.fails_over(slot, now) {
            return None;
        }
        let value = state.content(slot)?.as_ref().ok()?.clone();
        state.machine.count_failover(self.bound.id);
        let times = times_of(&mut state, slot, now);
        Some(answer(value, Source::Failover, times, None))
    }

    /// Makes this caller's answer of an outcome.
    pub(super) fn conclude(&self, outcome: Outcome<V, E>, leads: bool) -> Answered<V, E> {
        let source = |own| if leads { own } else { Source::Coalesced };
        match outcome {
            Outcome::Value(brought) => {
                let Brought {
                    value,
                    source: own,
                    times,
                    tier,
                    cause,
                } = brought;
                let answer = answer(value, source(own), times, cause);
                Ok(Answer { tier, ..answer })
            }
            Outcome::Failed(cause, Some((value, times)))
                if !self.is_refresh && self.bound.rules.may_stand_in(&cause) =>
            {
                self.shared
                    .lock()
                    .machine
                    .count_error_fallback(self.bound.id);
                self.tell(Event::ErrorFallback(Some(&cause)));
                Ok(answer(value, Source::ErrorFallback, times, Some(cause)))
            }
            Outcome::Failed(Cause::Result(value), _) => {
                Ok(answer(value, source(Source::Load), Times::default(), None))
            }
            Outcome::Failed(Cause::Error(error), _) => Err(error),
        }
    }
}

/// Starts loads: polled once by their caller, so that what is done at once is no task.
pub(super) async fn launch(host: &dyn Host, loads: impl Future<Output = ()> + MaybeSend + 'static) {
    let mut task: BoxFuture<'static, ()> = Box::pin(loads);
    let first = poll_fn(|context| Poll::Ready(task.as_mut().poll(context))).await;
    if first.is_pending() {
        host.spawn(task);
    }
}

/// True if a tag of what a load brings was invalidated since it began, or may have been.
fn is_outdated<K: Key, V: Value, E: Failure>(
    state: &State<K, V, E>,
    flight: &Flight<V, E>,
) -> bool {
    let since = flight.tagged_since();
    let course = flight.course();
    let tags = course.tags.as_deref();
    state.machine.is_outdated(tags, since)
}

pub(super) fn answer<V, E>(
    value: V,
    source: Source,
    Times { age, ttl }: Times,
    cause: Option<Cause<V, E>>,
) -> Answer<V, E> {
    Answer {
        value,
        source,
        age,
        ttl,
        tier: None,
        cause,
    }
}
