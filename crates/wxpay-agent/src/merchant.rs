//! A merchant: its client, its queue, and the uploads that are under way.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use wxpay_media::{Client, Endpoints, Error, Image, MerchantId, Region, RetryAdvice, Warning};

use crate::{
    answer::{Entry, Refusal},
    metrics::Metrics,
    store::{MediaIds, Store, lock},
};

/// Memory for the pictures of a merchant that are read, wait for their turn and are sent: eight of the
/// largest. Others wait unread.
const MEMORY: usize = 8 * Image::LIMIT;

/// What a merchant uploads by.
///
/// ```
/// # let key = "192006250b4c09247ec02edce69f6a2d".parse()?;
/// use wxpay_agent::Settings;
/// use wxpay_media::{Client, MerchantId, Region};
///
/// let id = MerchantId::new("1900000109")?;
/// let client = Client::builder(id.clone(), key).build()?;
/// let settings = Settings::new(id, client, &Region::Mainland.into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// The merchant.
    pub id: MerchantId,
    /// Its client, with its certificate, its key and its pace.
    pub client: Client,
    /// The name of the gateway in a ledger.
    pub region: String,
    /// The endpoint that usually answers.
    pub endpoint: String,
    /// The last moment at which the certificate is valid.
    pub not_after: Option<SystemTime>,
}

impl Settings {
    /// A merchant, its client, and the endpoints that this client calls, which name the region.
    #[must_use]
    pub fn new(id: MerchantId, client: Client, endpoints: &Endpoints) -> Self {
        let endpoint = format!("https://{}", endpoints.primary());
        let is_of = |region: &&Region| Endpoints::from(**region) == *endpoints;
        let region = Region::ALL.iter().find(is_of).map(|region| region.as_str());
        Self {
            id,
            client,
            region: region.unwrap_or(&endpoint).to_owned(),
            endpoint,
            not_after: None,
        }
    }
}

/// Bytes, by MD5 and length.
type Content = (String, u64);
pub(crate) type Outcome = Result<Entry, Refusal>;
pub(crate) type Flight = watch::Receiver<Option<Outcome>>;

#[derive(Debug)]
pub(crate) struct Merchant {
    pub(crate) id: String,
    pub(crate) media_ids: MediaIds,
    settings: Mutex<Arc<Settings>>,
    /// Uploads under way: equal bytes wait for the first of them.
    flights: Mutex<HashMap<Content, Flight>>,
    places: Arc<Semaphore>,
    queue: usize,
    memory: Arc<Semaphore>,
    /// The last failure that only a person can mend, until an upload succeeds or the settings change.
    stopped: Mutex<Option<String>>,
    pub(crate) metrics: Metrics,
}

/// A place in the queue, and shares of a merchant's memory and of all memory, for as long as an upload is
/// under way.
pub(crate) type Permits = [OwnedSemaphorePermit; 3];

impl Merchant {
    pub(crate) fn new(
        settings: Settings,
        store: &Store,
        queue: usize,
    ) -> Result<Self, wxpay_ledger::Error> {
        let id = settings.id.to_string();
        Ok(Self {
            media_ids: store.of(&id, &settings.region, &settings.endpoint)?,
            id,
            settings: Mutex::new(Arc::new(settings)),
            flights: Mutex::default(),
            places: Arc::new(Semaphore::new(queue)),
            queue,
            memory: Arc::new(Semaphore::new(MEMORY)),
            stopped: Mutex::default(),
            metrics: Metrics::default(),
        })
    }

    /// Uploads by these settings from now on, if they are of the same merchant in the same region. Uploads
    /// under way finish by the old ones.
    pub(crate) fn replace(&self, settings: &Settings) -> bool {
        let mut current = lock(&self.settings);
        let is_same = (&current.id, &current.region) == (&settings.id, &settings.region);
        if is_same {
            *current = Arc::new(settings.clone());
            *lock(&self.stopped) = None;
        }
        is_same
    }

    pub(crate) fn not_after(&self) -> Option<SystemTime> {
        lock(&self.settings).not_after
    }

    /// Why it cannot upload.
    pub(crate) fn problem(&self) -> Option<String> {
        match self.not_after() {
            Some(end) if end < SystemTime::now() => Some("the certificate has expired".to_owned()),
            _ => lock(&self.stopped).clone(),
        }
    }

    /// How many requests wait or are under way.
    pub(crate) fn waiting(&self) -> usize {
        self.queue - self.places.available_permits()
    }

    pub(crate) fn is_idle(&self) -> bool {
        lock(&self.flights).is_empty()
    }

    /// A place in the queue, at once or not at all.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        // As if ten were done a second, which is what WeChat Pay takes.
        let seconds = (self.queue as u64 / 10).clamp(1, 60);
        place.map_err(|_| Refusal::again("too many requests are waiting already", seconds))
    }

    /// Waits until so many bytes may be read: one merchant may not take the memory of all.
    pub(crate) async fn acquire(
        &self,
        place: OwnedSemaphorePermit,
        all: &Arc<Semaphore>,
        bytes: u32,
    ) -> Permits {
        let take = async |semaphore: &Arc<Semaphore>| {
            let share = Arc::clone(semaphore).acquire_many_owned(bytes).await;
            share.expect("the semaphore is never closed")
        };
        [place, take(&self.memory).await, take(all).await]
    }

    /// Checks a picture, finds out how it gets its id, and starts its upload where it needs one. It may read from the
    /// disk, and wants a runtime.
    ///
    /// An upload goes on when nobody waits for it any more: others may come, and its id is kept. True where
    /// the id is not by an upload of its own.
    pub(crate) fn submit(
        self: &Arc<Self>,
        name: String,
        picture: Bytes,
        reuse: Option<Duration>,
        permits: Permits,
    ) -> Result<(Flight, bool), Refusal> {
        let image = Image::from_bytes(name, picture).map_err(|error| {
            self.metrics.refused();
            Error::from(error)
        })?;
        // Its name is the caller's business.
        let is_news = |it: &Warning| !matches!(it, Warning::Renamed { .. });
        for warning in image.warnings().filter(is_news) {
            tracing::warn!(media_hash = image.hash().as_str(), "{warning}");
        }
        let content = (image.hash().to_string(), image.bytes().len() as u64);
        // Under the lock all the time: an upload leaves the list only after its id is kept.
        let mut flights = lock(&self.flights);
        if let Some(flight) = flights.get(&content) {
            self.metrics.reused();
            return Ok((flight.clone(), true));
        }
        if let Some(max_age) = reuse
            && let Some(entry) = self.media_ids.find(&content.0, Some(content.1))?
            && entry.age() <= max_age
        {
            self.metrics.reused();
            return Ok((watch::channel(Some(Ok(entry))).1, true));
        }
        let (sender, flight) = watch::channel(None);
        flights.insert(content.clone(), flight.clone());
        let mut in_flight = InFlight {
            merchant: Arc::clone(self),
            content,
            sender,
            outcome: Err(Refusal::stopping()),
        };
        let settings = Arc::clone(&lock(&self.settings));
        tokio::spawn(async move {
            in_flight.outcome = in_flight.merchant.upload(&settings, image).await;
            drop((in_flight, permits));
        });
        Ok((flight, false))
    }

    async fn upload(&self, settings: &Settings, image: Image) -> Outcome {
        let begun = Instant::now();
        let mut result = settings.client.upload(&image).await;
        let is_throttled = |error: &Error| error.retry_advice() == RetryAdvice::Throttle;
        if result.as_ref().is_err_and(is_throttled) {
            // The pace is a lower one by now, and the caller would only ask again.
            result = settings.client.upload(&image).await;
        }
        let outcome = result.as_ref().map(drop);
        self.metrics.uploaded(outcome, begun.elapsed());
        let is_stop = |error: &&Error| error.retry_advice() == RetryAdvice::Stop;
        let stopped = outcome.err().filter(is_stop);
        if outcome.is_ok() || stopped.is_some() {
            *lock(&self.stopped) = stopped.map(ToString::to_string);
        }
        let uploaded = result?;
        let call = uploaded.call.as_ref();
        let endpoint = call.map(|call| format!("https://{}", call.endpoint));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let entry = Entry {
            media_id: uploaded.media_id.to_string(),
            media_hash: image.hash().to_string(),
            bytes: image.bytes().len() as u64,
            reused: false,
            at: now.unwrap_or_default().as_secs(),
            attempts: call.map_or(1, |call| call.attempts),
            endpoint: endpoint.unwrap_or_else(|| settings.endpoint.clone()),
        };
        let recorded = self.media_ids.record(&entry).await;
        recorded.inspect_err(|it| *lock(&self.stopped) = Some(it.error.message.clone()))?;
        Ok(entry)
    }
}

/// Ends an upload, however it ends: no later request waits for it, then those that wait are answered.
struct InFlight {
    merchant: Arc<Merchant>,
    content: Content,
    sender: watch::Sender<Option<Outcome>>,
    outcome: Outcome,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        lock(&self.merchant.flights).remove(&self.content);
        let outcome = mem::replace(&mut self.outcome, Err(Refusal::stopping()));
        self.sender.send_replace(Some(outcome));
    }
}
