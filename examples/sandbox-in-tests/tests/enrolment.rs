//! The application against the sandbox, which has the rules of the real gateway, and fails on
//! demand.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::error::Error;

use sandbox_in_tests::{Documents, EnrolmentError, upload};
use wxpay_media::{Client, Endpoint, Identity, MerchantId, Roots};
use wxpay_sandbox::{Fault, Sandbox};

const LICENCE: &[u8] = include_bytes!("../../licence.jpg");
const FRONT: &[u8] = include_bytes!("../../licence.png");

/// A client with the sandbox's merchant, key, certificate and authority.
fn client(sandbox: &Sandbox) -> Client {
    let given = sandbox.credentials();
    let merchant = MerchantId::new(given.mch_id()).unwrap();
    Client::builder(merchant, given.api_key().clone())
        .identity(Identity::from_pem(given.cert_pem(), given.key_pem()).unwrap())
        .roots(Roots::empty().with_pem(given.ca_pem()).unwrap())
        .endpoints(sandbox.origin().parse::<Endpoint>().unwrap())
        .build()
        .unwrap()
}

fn documents() -> Documents {
    Documents {
        licence: ("licence.jpg".to_owned(), LICENCE.to_vec()),
        front: ("front.png".to_owned(), FRONT.to_vec()),
    }
}

#[tokio::test]
async fn a_shop_is_enrolled() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::builder().start().await?;
    let uploaded = upload(&client(&sandbox), documents()).await?;
    assert_ne!(uploaded.licence, uploaded.front);
    Ok(())
}

#[tokio::test]
async fn a_document_that_is_no_picture_is_reported_to_the_shop() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::builder().start().await?;
    let mut documents = documents();
    documents.front.1 = b"%PDF-1.7".to_vec();
    let error = upload(&client(&sandbox), documents).await.unwrap_err();
    assert!(matches!(error, EnrolmentError::Picture { of: "front", .. }));
    Ok(())
}

#[tokio::test]
async fn a_missing_permission_is_not_reported_to_the_shop() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::builder().start().await?;
    sandbox.inject("entry-permissions,file=front.*".parse::<Fault>()?);
    let error = upload(&client(&sandbox), documents()).await.unwrap_err();
    let EnrolmentError::Later(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.code(), Some("INVALID_REQUEST"));
    Ok(())
}
