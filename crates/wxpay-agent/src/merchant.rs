//! A merchant: its client, its queue, and the uploads that are under way.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use wxpay_media::{CallInfo, Client, Endpoints, Error, Image, MerchantId, Region, RetryAdvice};

use crate::{
    answer::{Entry, Refusal},
    metrics::Metrics,
    store::{Book, Store, lock},
};

/// Memory for the pictures of a merchant that are read, wait for their turn and are sent: eight of the
/// largest. Others wait unread.
const MEMORY: usize = 8 * Image::LIMIT;

/// What a merchant uploads by.
#[derive(Debug, Clone)]
pub struct Settings {
    id: MerchantId,
    client: Client,
    region: String,
    endpoint: String,
    not_after: Option<SystemTime>,
}

impl Settings {
    /// A merchant, its client, and the endpoints that this client calls.
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

    /// The name of the gateway in the ledger, in place of its region or its address.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// The last moment at which the merchant's certificate is valid.
    #[must_use]
    pub fn not_after(mut self, end: impl Into<Option<SystemTime>>) -> Self {
        self.not_after = end.into();
        self
    }

    pub(crate) fn id(&self) -> &str {
        self.id.as_str()
    }
}

/// Bytes, by MD5 and length.
type Content = (String, u64);
type Outcome = Result<Entry, Refusal>;
type Flight = watch::Receiver<Option<Outcome>>;

#[derive(Debug)]
pub(crate) struct Merchant {
    current: Mutex<Arc<(Settings, Arc<Book>)>>,
    /// Uploads under way: equal bytes wait for the first of them.
    flights: Mutex<HashMap<Content, Flight>>,
    places: Arc<Semaphore>,
    queue: usize,
    memory: Arc<Semaphore>,
    /// The last failure that only a person can mend, until an upload succeeds or the settings change.
    stopped: Mutex<Option<String>>,
    pub(crate) metrics: Metrics,
}

/// A share of the queue and of the memory, for as long as an upload is under way.
#[derive(Debug)]
pub(crate) struct Share {
    _place: OwnedSemaphorePermit,
    memory: [OwnedSemaphorePermit; 2],
}

/// How a picture gets its id.
#[derive(Debug)]
pub(crate) enum Submitted {
    Known(Entry),
    Own(Flight),
    /// By the upload of equal bytes.
    Shared(Flight),
}

impl Merchant {
    pub(crate) fn new(
        settings: Settings,
        store: &Store,
        queue: usize,
    ) -> Result<Self, wxpay_ledger::Error> {
        let book = store.book(settings.id(), &settings.region, &settings.endpoint)?;
        Ok(Self {
            current: Mutex::new(Arc::new((settings, Arc::new(book)))),
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
        let mut current = lock(&self.current);
        let (old, book) = &**current;
        let is_same = (&old.id, &old.region) == (&settings.id, &settings.region);
        if is_same {
            *current = Arc::new((settings.clone(), Arc::clone(book)));
            *lock(&self.stopped) = None;
        }
        is_same
    }

    fn current(&self) -> Arc<(Settings, Arc<Book>)> {
        Arc::clone(&lock(&self.current))
    }

    pub(crate) fn id(&self) -> String {
        self.current().0.id().to_owned()
    }

    pub(crate) fn book(&self) -> Arc<Book> {
        Arc::clone(&self.current().1)
    }

    pub(crate) fn not_after(&self) -> Option<SystemTime> {
        self.current().0.not_after
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
    pub(crate) async fn share(
        &self,
        place: OwnedSemaphorePermit,
        all: &Arc<Semaphore>,
        bytes: u32,
    ) -> Share {
        let take = async |semaphore: &Arc<Semaphore>| {
            let share = Arc::clone(semaphore).acquire_many_owned(bytes).await;
            share.expect("the semaphore is never closed")
        };
        Share {
            _place: place,
            memory: [take(&self.memory).await, take(all).await],
        }
    }

    /// Finds out how a picture gets its id, and starts its upload where it needs one. It may read from the
    /// disk, and wants a runtime.
    ///
    /// An upload goes on when nobody waits for it any more: others may come, and its id is kept.
    pub(crate) fn submit(
        self: &Arc<Self>,
        image: Image,
        reuse: Option<Duration>,
        share: Share,
    ) -> Result<Submitted, Refusal> {
        let content = (image.hash().to_string(), image.bytes().len() as u64);
        let current = self.current();
        // Under the lock all the time: an upload leaves the list only after its id is in the book.
        let mut flights = lock(&self.flights);
        if let Some(flight) = flights.get(&content) {
            self.metrics.reused();
            return Ok(Submitted::Shared(flight.clone()));
        }
        if let Some(max_age) = reuse
            && let Some(entry) = current.1.find(&content.0, Some(content.1))?
            && entry.age() <= max_age
        {
            self.metrics.reused();
            return Ok(Submitted::Known(entry));
        }
        let (sender, flight) = watch::channel(None);
        flights.insert(content.clone(), flight.clone());
        let mut landing = Landing {
            merchant: Arc::clone(self),
            content,
            sender,
            outcome: Err(Refusal::stopping()),
        };
        tokio::spawn(async move {
            let (settings, book) = &*current;
            landing.outcome = landing.merchant.upload(settings, book, image).await;
            drop((landing, share));
        });
        Ok(Submitted::Own(flight))
    }

    async fn upload(&self, settings: &Settings, book: &Book, image: Image) -> Outcome {
        let begun = Instant::now();
        let result = settings.client.upload(&image).await;
        let outcome = result.as_ref().map(drop);
        self.metrics.uploaded(outcome, begun.elapsed());
        match outcome.map_err(Error::retry_advice) {
            Ok(()) => *lock(&self.stopped) = None,
            Err(RetryAdvice::Stop) => {
                *lock(&self.stopped) = outcome.err().map(ToString::to_string);
            }
            Err(_) => {}
        }
        let uploaded = result?;
        let call = uploaded.call.as_ref();
        let endpoint = call.map(|call| format!("https://{}", call.endpoint()));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let entry = Entry {
            media_id: uploaded.media_id.to_string(),
            media_hash: image.hash().to_string(),
            bytes: image.bytes().len() as u64,
            at: now.unwrap_or_default().as_secs(),
            attempts: call.map_or(1, CallInfo::attempts),
            endpoint: endpoint.unwrap_or_else(|| settings.endpoint.clone()),
        };
        book.record(&entry).await.inspect_err(|error| {
            *lock(&self.stopped) = Some(error.to_string());
        })?;
        Ok(entry)
    }
}

impl Share {
    /// Gives back what more was taken than so many bytes.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        for share in &mut self.memory {
            drop(share.split(share.num_permits().saturating_sub(bytes)));
        }
    }
}

/// Ends an upload, however it ends: no later request waits for it, then those that wait are answered.
struct Landing {
    merchant: Arc<Merchant>,
    content: Content,
    sender: watch::Sender<Option<Outcome>>,
    outcome: Outcome,
}

impl Drop for Landing {
    fn drop(&mut self) {
        lock(&self.merchant.flights).remove(&self.content);
        let outcome = mem::replace(&mut self.outcome, Err(Refusal::stopping()));
        self.sender.send_replace(Some(outcome));
    }
}
