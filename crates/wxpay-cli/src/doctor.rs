//! `wxpay doctor`: checks that find a failure before the first upload.

mod check;
mod probe;
mod settings;

use std::process::ExitCode;

use wxpay_media::{
    Endpoint, Endpoints,
    transport::{Proxy, Transport, TransportBuilder},
};

use crate::{args::DoctorArgs, terminal::exit_code};
use check::{Check, Status};

/// Runs every check, even after a failed one, and prints each group as soon as it is known.
pub(crate) async fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let gateway = &args.gateway;
    let mut works = true;
    let mut print = |checks: Vec<Check>| {
        works &= checks.iter().all(|it| it.status != Status::Failed);
        checks.iter().try_for_each(|it| it.print(args.json))
    };
    let (mch_id, checks) = settings::merchant_id(gateway);
    print(checks)?;
    print(settings::api_key(gateway).1)?;
    print(settings::sign_type(gateway).1)?;
    print(settings::limits())?;
    let (identity, checks) = settings::identity(gateway, mch_id.as_ref());
    print(checks)?;
    let (network, checks) = settings::network(gateway);
    print(checks)?;
    let (endpoints, checks) = settings::endpoints(gateway);
    print(checks)?;
    let checks = if let (Some(network), Some(endpoints)) = (network, endpoints) {
        // One attempt per call, within the time of the flag.
        let mut transport = network
            .apply(Transport::builder())
            .connect_timeout(args.timeout.0)
            .stall_timeout(args.timeout.0)
            .response_timeout(args.timeout.0)
            .max_retries(0);
        let has_identity = identity.is_some();
        if let Some(identity) = identity {
            transport = transport.identity(identity);
        }
        let proxy = network.proxy.as_ref().map(|given| &given.value);
        endpoint_checks(&endpoints, &transport, proxy, has_identity).await
    } else {
        let because = "the settings above come first";
        vec![Check::skipped("way to the endpoints", because)]
    };
    print(checks)?;
    Ok(exit_code(works))
}

/// An upload works if the first endpoint works, or if it is unreachable and another one works.
async fn endpoint_checks(
    endpoints: &Endpoints,
    transport: &TransportBuilder,
    proxy: Option<&Proxy>,
    has_identity: bool,
) -> Vec<Check> {
    let mut probed = Vec::new();
    for endpoint in Endpoint::of(endpoints) {
        probed.push(probe::check(&endpoint, transport, proxy, has_identity).await);
    }
    let primary_decides = probed[0].works || !probed[0].fails_over;
    let another_works = probed.iter().skip(1).any(|endpoint| endpoint.works);
    let mut checks = Vec::new();
    for (place, mut endpoint) in probed.into_iter().enumerate() {
        let is_replaced = match place {
            0 => !primary_decides && another_works,
            _ => primary_decides || another_works,
        };
        for check in &mut endpoint.checks {
            if is_replaced && check.status == Status::Failed {
                check.status = Status::Warning;
            }
        }
        checks.append(&mut endpoint.checks);
    }
    checks
}
