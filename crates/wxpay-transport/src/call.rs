//! One call: the loop that carries out the policy's decisions.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{
    HeaderMap, Request, Response, Uri, Version,
    header::{CONTENT_LENGTH, RETRY_AFTER, TRANSFER_ENCODING},
    uri::Authority,
};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::yield_now,
    time::{Instant, sleep, timeout_at},
};
use tower::{
    retry::budget::{Budget, TpsBudget},
    service_fn,
    util::{
        BoxCloneSyncService,
        rng::{HasherRng, Rng},
    },
};
use tracing::{Instrument, Span, debug, debug_span, field::Empty};

use crate::{
    Endpoints, RetryClass,
    attempt::{Attempt, Connecting, RequestBody},
    client::{Client, Clients},
    config::Config,
    endpoints::{Breaker, EndpointPool, is_host_port},
    error::{
        BoxError, BuildError, CallInfo, CallResult, Error, ErrorKind, Step, TimeoutKind, Wait,
    },
    policy::{Outcome, Policy, World},
    rate::RateLimiter,
};

/// The state that all calls of a transport share.
pub(crate) struct Caller<B> {
    config: Arc<Config>,
    clients: Arc<Clients<B>>,
    pub(crate) endpoints: Arc<EndpointPool>,
    rate: RateLimiter,
    places: Option<Semaphore>,
    /// tower's default: ten repetitions a second, and a fifth of the successful calls of the last
    /// ten seconds.
    budget: TpsBudget,
}

/// The state of one call, kept for its error when its time is over.
struct Call<B> {
    request: Request<B>,
    policy: Policy,
    /// The server of the last attempt; before the first attempt, the server in the request's URI.
    server: Authority,
    /// The running attempt.
    attempt: Option<Attempt>,
    /// The error of the attempt before.
    failure: Option<Error>,
}

impl<B: RequestBody> Caller<B> {
    pub(crate) fn new(config: Config) -> Result<Self, BuildError> {
        let config = Arc::new(config);
        let clients = Arc::new(Clients::new(Arc::clone(&config))?);
        let probing = Arc::clone(&clients);
        let endpoints = config.endpoints.iter().flat_map(Endpoints::iter);
        let endpoints: Vec<_> = endpoints.cloned().collect();
        let breakers = endpoints.iter().map(|_| Breaker::default());
        let endpoints = EndpointPool {
            breakers: breakers.collect::<Vec<_>>().into(),
            endpoints,
            threshold: config.failover_after,
            probe_interval: config.probe_interval,
            probe: BoxCloneSyncService::new(service_fn(move |server| {
                let clients = Arc::clone(&probing);
                async move { clients.probe(server).await }
            })),
        };
        Ok(Self {
            clients,
            endpoints: Arc::new(endpoints),
            rate: RateLimiter::new(config.max_rate),
            places: config.concurrency.map(Semaphore::new),
            budget: TpsBudget::default(),
            config,
        })
    }

    /// Makes a call, in a span of its own.
    pub(crate) async fn call(&self, request: Request<B>) -> CallResult {
        let uri = request.uri();
        let server = uri.authority().filter(|authority| is_host_port(authority));
        let (Some("https"), Some(server)) = (uri.scheme_str(), server.cloned()) else {
            return Err(Error::new(ErrorKind::Request, None));
        };
        let span = debug_span!(
            "http.call",
            http.request.method = %request.method(),
            http.request.body.size = request.body().size_hint().exact(),
            http.request.resend_count = Empty,
            server.address = server.host(),
            server.port = server.port_u16().unwrap_or(443),
            http.response.status_code = Empty,
            "error.type" = Empty,
        );
        let begun = Instant::now();
        let candidates = self.endpoints.candidates(&server);
        let mut call = Call {
            policy: Policy::new(self.config.rules, candidates, begun),
            request,
            server,
            attempt: None,
            failure: None,
        };
        let result = self.drive(&mut call).instrument(span.clone()).await;
        let info = CallInfo {
            attempts: call.policy.attempts,
            endpoint: call.server,
        };
        span.record("http.request.resend_count", info.attempts.saturating_sub(1));
        let mut result = result.map_err(|error| error.after(info.clone()));
        if let Ok(response) = &mut result {
            response.extensions_mut().insert(info);
        }
        span.in_scope(|| log_outcome(&result, begun));
        result
    }

    /// Runs the call under its `timeout`.
    async fn drive(&self, call: &mut Call<B>) -> CallResult {
        let Some(deadline) = call.policy.deadline else {
            return self.run(call).await;
        };
        if let Ok(result) = timeout_at(deadline, self.run(call)).await {
            return result;
        }
        let time = self.config.rules.timeout.unwrap_or_default();
        let wait = call.attempt.as_ref().map(|attempt| attempt.wait(time));
        let wait = wait.unwrap_or(Wait(Step::Turn, time));
        let source = call.failure.take().map(BoxError::from);
        Err(Error::timeout(TimeoutKind::Total, wait, source))
    }

    /// The loop of a call: a turn, an attempt, and the policy's decision.
    async fn run(&self, call: &mut Call<B>) -> CallResult {
        let mut back_off = Duration::ZERO;
        loop {
            let place = self.turn(back_off).await;
            call.policy.begin(&self.world());
            let result = self.attempt(call).await;
            drop(place);
            let outcome = self.outcome(call, &result);
            match call.policy.next(outcome, &self.world()) {
                Some((after, on_budget)) if !on_budget || self.budget.withdraw() => {
                    back_off = after;
                    call.failure = result.err();
                }
                _ => return result,
            }
        }
    }

    fn world(&self) -> World {
        World {
            now: Instant::now(),
            in_service: self.endpoints.in_service(),
            random: HasherRng::new().next_f64(),
        }
    }

    /// Waits for the back-off, for the rate, and for a place.
    async fn turn(&self, back_off: Duration) -> Option<SemaphorePermit<'_>> {
        if !back_off.is_zero() {
            debug!(milliseconds = back_off.as_millis(), "repeating");
            sleep(back_off).await;
        }
        self.rate.acquire().await;
        let places = self.places.as_ref()?;
        Some(places.acquire().await.expect("it is never closed"))
    }

    /// Connects, sends and receives.
    async fn attempt(&self, call: &mut Call<B>) -> CallResult {
        if let Some(endpoint) = call.policy.endpoint {
            call.server = self.endpoints.endpoints[endpoint].clone();
        }
        let span = debug_span!(
            "http.attempt",
            http.request.method = %call.request.method(),
            http.request.resend_count = call.policy.attempts - 1,
            server.address = call.server.host(),
            server.port = call.server.port_u16().unwrap_or(443),
        );
        let begun = Instant::now();
        let exchange = async {
            let client = self.clients.current().await?;
            // Lets the runtime poll the network first, so that a connection that the server has
            // closed meanwhile leaves the pool.
            yield_now().await;
            let mut request = call.attempt_request();
            let end = call.policy.end_of(TimeoutKind::Connect, begun);
            let attempt = Attempt::new(&mut request, Connecting::new(begun, end));
            let attempt = call.attempt.insert(attempt);
            let response = self.exchange(&client, request);
            let result = attempt.watch(&call.policy, response).await;
            result.map_err(|error| {
                let (has_identity, key) = (client.identity.is_some(), attempt.is_key_refused());
                error.explained(attempt.alert(), has_identity, key, attempt.given_up())
            })
        };
        let result = exchange.instrument(span.clone()).await;
        span.in_scope(|| log_outcome(&result, begun));
        result
    }

    /// Sends the request and reads the response. A response that is too long is an error as soon as
    /// its `Content-Length` says so, or when the first byte too many arrives.
    async fn exchange(&self, client: &Client<B>, request: Request<B>) -> CallResult {
        let limit = self.config.max_response_bytes;
        let too_large = || Error::new(ErrorKind::ResponseTooLarge(limit), None);
        let response = client.hyper.request(request).await.map_err(BoxError::from);
        let response = response.map_err(|error| Error::from_below(error, ErrorKind::Http))?;
        let (head, body) = response.into_parts();
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large());
        }
        match Limited::new(body, limit).collect().await {
            Ok(collected) => Ok(Response::from_parts(head, collected.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
            Err(error) => Err(Error::from_below(error, ErrorKind::Closed)),
        }
    }

    /// Classifies the result of an attempt, and reports it to the rate, the budget and the breaker.
    fn outcome(&self, call: &mut Call<B>, result: &CallResult) -> Outcome {
        let (attempt, endpoint) = (call.attempt.take(), call.policy.endpoint);
        match result {
            Ok(response) => {
                let class = (self.config.classifier)(response);
                self.rate.report(class);
                if let Some(endpoint) = endpoint {
                    self.endpoints.record_success(endpoint);
                }
                match class {
                    RetryClass::Retry => Outcome::Retry(retry_after(response.headers())),
                    RetryClass::Throttle => Outcome::Throttle(retry_after(response.headers())),
                    RetryClass::Done => {
                        self.budget.deposit();
                        Outcome::Final
                    }
                }
            }
            Err(error) => {
                let is_reused = attempt.is_some_and(|attempt| attempt.is_reused);
                let outcome = Outcome::of_failure(error.kind(), is_reused);
                if let Some(endpoint) = endpoint.filter(|_| outcome.is_miss()) {
                    self.endpoints.record_failure(endpoint, error.kind());
                }
                outcome
            }
        }
    }
}

impl<B: RequestBody> Call<B> {
    /// The request of an attempt, to its server. hyper would trust the caller's framing headers:
    /// too small a `Content-Length` cuts the body, too large a one leaves both sides waiting.
    fn attempt_request(&self) -> Request<B> {
        let (mut parts, body) = self.request.clone().into_parts();
        let mut uri = parts.uri.into_parts();
        uri.authority = Some(self.server.clone());
        parts.uri = Uri::from_parts(uri).expect("only the authority has changed");
        parts.version = Version::HTTP_11;
        parts.headers.remove(CONTENT_LENGTH);
        parts.headers.remove(TRANSFER_ENCODING);
        Request::from_parts(parts, body)
    }
}

/// Logs the outcome in the current span, without path, headers and bodies, which may be secret.
fn log_outcome(result: &CallResult, begun: Instant) {
    let span = Span::current();
    let milliseconds = begun.elapsed().as_millis();
    match result {
        Ok(response) => {
            let (status, size) = (response.status().as_u16(), response.body().len());
            span.record("http.response.status_code", status);
            debug!(
                http.response.status_code = status,
                http.response.body.size = size,
                milliseconds,
                "answered"
            );
        }
        Err(error) => {
            span.record("error.type", tracing::field::debug(error.kind()));
            debug!("error.type" = ?error.kind(), milliseconds, "failed");
        }
    }
}

/// The time from now that `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let of = |value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]))
        };
        assert_eq!(of("2"), Some(Duration::from_secs(2)));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        assert!((90..=100).contains(&of(&soon).unwrap().as_secs()));
        for value in ["", "-1", "soon", "1e9", "99999999999999999999"] {
            assert_eq!(of(value), None, "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
