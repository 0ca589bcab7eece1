//! The merchant's certificate and key: in which files, and under which password.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use wxpay_media::{Identity, IdentityError, MerchantId};
use zeroize::Zeroizing;

use crate::{args::GatewayArgs, settings};

/// How to give the two, for messages.
pub(super) const CERT: &str = "the certificate: --cert or WXPAY_CERT (or --p12, WXPAY_P12)";
pub(super) const KEY: &str = "its private key: --key or WXPAY_KEY";

/// Where the identity is.
#[derive(Debug)]
pub(crate) enum IdentityFile {
    /// A PEM pair, of which one may be missing.
    Pem {
        cert: Option<PathBuf>,
        key: Option<PathBuf>,
        password: Option<Zeroizing<String>>,
    },
    /// One PKCS#12 file; its password is the merchant id unless given.
    Pkcs12 {
        file: PathBuf,
        password: Option<Zeroizing<String>>,
    },
}

impl IdentityFile {
    /// What the flags name, else what the environment names; of a pair each by itself.
    ///
    /// Both kinds from one place are an error: which one is meant cannot be told.
    pub(crate) fn find(args: &GatewayArgs) -> anyhow::Result<Option<Self>> {
        let variable = |name| settings::variable(name).map(PathBuf::from);
        let [cert, key, p12] = ["WXPAY_CERT", "WXPAY_KEY", "WXPAY_P12"].map(variable);
        let by_flag = args.cert.is_some() || args.key.is_some();
        let by_environment = cert.is_some() || key.is_some();
        if let Some(file) = &args.p12 {
            return Self::pkcs12(args, file.clone()).map(Some);
        }
        if !by_flag && let Some(file) = p12 {
            if by_environment {
                bail!(
                    "both a PEM pair (WXPAY_CERT, WXPAY_KEY) and a PKCS#12 file (WXPAY_P12) are in \
                     the environment: unset one of them"
                );
            }
            return Self::pkcs12(args, file).map(Some);
        }
        if !by_flag && !by_environment {
            return Ok(None);
        }
        Ok(Some(Self::Pem {
            cert: args.cert.clone().or(cert),
            key: args.key.clone().or(key),
            password: secret(args.key_password_file.as_deref(), "WXPAY_KEY_PASSWORD")?,
        }))
    }

    fn pkcs12(args: &GatewayArgs, file: PathBuf) -> anyhow::Result<Self> {
        Ok(Self::Pkcs12 {
            file,
            password: secret(args.p12_password_file.as_deref(), "WXPAY_P12_PASSWORD")?,
        })
    }

    /// What is still missing of it.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        match self {
            Self::Pem { cert, key, .. } => {
                let cert = cert.is_none().then_some(CERT);
                cert.into_iter()
                    .chain(key.is_none().then_some(KEY))
                    .collect()
            }
            Self::Pkcs12 { .. } => Vec::new(),
        }
    }

    /// Reads it. The merchant id is the password of a PKCS#12 file that has none of its own.
    pub(crate) fn load(&self, mch_id: Option<&MerchantId>) -> anyhow::Result<Identity> {
        self.read(mch_id)?.with_context(|| self.to_string())
    }

    /// The same with what is wrong with the identity itself apart from files that cannot be read.
    pub(crate) fn read(
        &self,
        mch_id: Option<&MerchantId>,
    ) -> anyhow::Result<Result<Identity, IdentityError>> {
        match self {
            Self::Pem {
                cert,
                key,
                password,
            } => {
                let cert = settings::read(cert.as_deref().context(CERT)?)?;
                let key = Zeroizing::new(settings::read(key.as_deref().context(KEY)?)?);
                Ok(match password {
                    None => Identity::from_pem(cert, &*key),
                    Some(password) => Identity::from_pem_encrypted(cert, &*key, password),
                })
            }
            Self::Pkcs12 { file, password } => {
                let bytes = Zeroizing::new(settings::read(file)?);
                let password = match (password, mch_id) {
                    (Some(password), _) => password.as_str(),
                    (None, Some(id)) => id.as_str(),
                    (None, None) => bail!("the merchant id, its password, is missing"),
                };
                Ok(Identity::from_pkcs12(&*bytes, password))
            }
        }
    }
}

impl fmt::Display for IdentityFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Option<PathBuf>| {
            path.as_deref()
                .map_or("(missing)".to_owned(), |path| path.display().to_string())
        };
        match self {
            Self::Pem {
                cert,
                key,
                password,
            } => {
                write!(
                    f,
                    "the certificate {} with the key {}",
                    shown(cert),
                    shown(key)
                )?;
                if password.is_none() {
                    return Ok(());
                }
                f.write_str(" and its password")
            }
            Self::Pkcs12 { file, password } => {
                let password = match password {
                    None => "the merchant id",
                    Some(_) => "a password of its own",
                };
                write!(
                    f,
                    "the PKCS#12 file {} with {password} as password",
                    file.display()
                )
            }
        }
    }
}

/// A password from a file's one line, else from the environment.
pub(super) fn secret(
    file: Option<&Path>,
    variable: &str,
) -> anyhow::Result<Option<Zeroizing<String>>> {
    let Some(file) = file else {
        return Ok(settings::text(variable)?.map(Zeroizing::new));
    };
    let text = Zeroizing::new(settings::read(file)?);
    let text = str::from_utf8(&text).map_err(|_| anyhow!("{} is not text", file.display()))?;
    let line = text.trim_end_matches(['\r', '\n']);
    Ok(Some(Zeroizing::new(line.to_owned())))
}
