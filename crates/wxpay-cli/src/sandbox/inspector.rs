//! Where the inspector listens.

use std::{
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};

use wxpay_sandbox::{Builder, Sandbox, StartError};

const PORT: u16 = 8480;

/// What `--inspector` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inspector {
    Off,
    At(SocketAddr),
}

impl FromStr for Inspector {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            _ => text
                .parse()
                .map(Self::At)
                .map_err(|_| "neither an address with a port nor off"),
        }
    }
}

/// Starts the sandbox with its inspector. Where nobody has asked for a port, any will do.
pub(super) async fn start(
    builder: Builder,
    asked: Option<Inspector>,
) -> Result<Sandbox, StartError> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match asked {
        Some(Inspector::Off) => builder.start().await,
        Some(Inspector::At(addr)) => builder.inspector(addr).start().await,
        None => match builder.clone().inspector(at(PORT)).start().await {
            Err(StartError::Inspector { .. }) => builder.inspector(at(0)).start().await,
            started => started,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!("off".parse(), Ok(Inspector::Off));
        let addr = "127.0.0.1:0".parse().unwrap();
        assert_eq!("127.0.0.1:0".parse(), Ok(Inspector::At(addr)));
        assert!("localhost".parse::<Inspector>().is_err());
    }
}
