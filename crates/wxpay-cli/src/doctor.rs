//! `wxpay doctor`: finds what would fail, before the first upload.

mod probe;
mod settings;

use std::{process::ExitCode, time::Duration};

use serde::Serialize;
use wxpay_media::{
    Endpoint, Endpoints, Identity,
    transport::{self, Transport},
};

use crate::{
    FAILED,
    args::DoctorArgs,
    settings::Network,
    terminal::{self, OutputLost},
};

/// The value that a check found, and its lines.
type Found<T> = (Option<T>, Vec<Check>);

/// Runs every check, even after one that failed.
pub(crate) async fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut report = Report {
        json: args.json,
        works: true,
    };
    let mch_id = report.all(settings::merchant_id(&args.gateway))?;
    report.one(&settings::api_key(&args.gateway))?;
    report.one(&settings::sign_type(&args.gateway))?;
    let identity = report.all(settings::identity(&args.gateway, mch_id.as_ref()))?;
    let network = report.all(settings::network(&args.gateway))?;
    let endpoints = report.all(settings::endpoints(&args.gateway))?;
    if let (Some(network), Some(endpoints)) = (network, endpoints) {
        let proxy = network.proxy.as_ref().map(|given| given.value.clone());
        let transport = builder(&network, identity.as_ref(), args.timeout.0);
        report
            .endpoints(&endpoints, &transport, proxy.as_ref(), identity.is_some())
            .await?;
    } else {
        report.one(&Check::skipped(
            "way to the endpoints",
            "the settings above come first",
        ))?;
    }
    Ok(if report.works {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

/// One attempt for each call, and no more time than was asked for.
fn builder(
    network: &Network,
    identity: Option<&Identity>,
    timeout: Duration,
) -> transport::TransportBuilder {
    let mut builder = network.apply(Transport::builder());
    if let Some(identity) = identity {
        builder = builder.identity(identity.clone());
    }
    builder
        .connect_timeout(timeout)
        .stall_timeout(timeout)
        .response_timeout(timeout)
        .max_retries(0)
}

/// Prints checks as they are made, and remembers whether an upload would work.
struct Report {
    json: bool,
    works: bool,
}

impl Report {
    fn one(&mut self, check: &Check) -> Result<(), OutputLost> {
        self.works &= check.status != Status::Failed;
        check.print(self.json)
    }

    /// Prints several checks and returns the value that they found.
    fn all<T>(&mut self, (found, checks): Found<T>) -> Result<Option<T>, OutputLost> {
        for check in checks {
            self.one(&check)?;
        }
        Ok(found)
    }

    /// An upload works if the first endpoint works, or is unreachable while another one works.
    async fn endpoints(
        &mut self,
        endpoints: &Endpoints,
        transport: &transport::TransportBuilder,
        proxy: Option<&transport::Proxy>,
        has_identity: bool,
    ) -> Result<(), OutputLost> {
        let mut looks = Vec::new();
        for endpoint in Endpoint::of(endpoints) {
            looks.push(probe::check(&endpoint, transport, proxy, has_identity).await);
        }
        let primary_decides = looks[0].works || !looks[0].fails_over;
        let another_works = looks.iter().skip(1).any(|look| look.works);
        for (at, look) in looks.into_iter().enumerate() {
            let stands_in = match at {
                0 => !primary_decides && another_works,
                _ => primary_decides || another_works,
            };
            for mut check in look.checks {
                if stands_in && check.status == Status::Failed {
                    check.status = Status::Warning;
                }
                self.one(&check)?;
            }
        }
        Ok(())
    }
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// An upload works all the same.
    Warning,
    /// No upload would work.
    Failed,
    /// The response does not show it.
    Unknown,
    /// Something before it has failed.
    Skipped,
}

/// One line of the report.
#[derive(Debug, Serialize)]
struct Check {
    check: String,
    status: Status,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    fn new(check: &str, status: Status, detail: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            status,
            detail: detail.into(),
            advice: None,
        }
    }

    fn ok(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, detail)
    }

    fn warning(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Warning, detail)
    }

    fn failed(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Failed, detail)
    }

    fn unknown(check: &str, detail: impl Into<String>) -> Self {
        let detail = format!("cannot tell: {}", detail.into());
        Self::new(check, Status::Unknown, detail)
    }

    fn skipped(check: &str, because: &str) -> Self {
        Self::new(check, Status::Skipped, because)
    }

    /// Whether an upload can work in spite of it.
    fn is_ok(&self) -> bool {
        self.status != Status::Failed
    }

    /// Adds advice.
    fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    fn print(&self, json: bool) -> Result<(), OutputLost> {
        if json {
            return terminal::print_json(self);
        }
        let status = format!("{:?}", self.status).to_lowercase();
        let mut line = format!("{}: {}", self.check, self.detail);
        if let Some(advice) = &self.advice {
            line = format!("{line}; {advice}");
        }
        terminal::print(&format!("{status:8}{}", terminal::one_line(&line)))
    }
}
