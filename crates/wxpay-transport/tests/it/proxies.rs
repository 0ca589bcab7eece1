//! Calls through an HTTP proxy.

use std::{
    error::Error as _,
    iter,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Uri;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use wxpay_transport::{
    Error, ErrorKind, Proxy, ProxyErrorKind, ProxyUriError, TimeoutKind, TlsErrorKind,
    TransportBuilder,
};

use crate::support::{Ca, OK, call, refusing, serve_response, serve_tcp};

pub(crate) const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// The heads of the requests to a proxy.
type Heads = Arc<Mutex<Vec<String>>>;

/// A proxy that answers every `CONNECT` with `response`, and tunnels to `server` after a 200.
pub(crate) async fn proxy(response: &'static str, server: SocketAddr) -> (SocketAddr, Heads) {
    let heads = Heads::default();
    let received = heads.clone();
    let addr = serve_tcp(move |mut stream| {
        let received = received.clone();
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            received.lock().unwrap().push(head);
            stream.write_all(response.as_bytes()).await.unwrap();
            if response == ESTABLISHED {
                let mut server = TcpStream::connect(server).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut server).await;
            }
        }
    })
    .await;
    (addr, heads)
}

fn through(builder: TransportBuilder, proxy: SocketAddr) -> TransportBuilder {
    builder.proxy(Proxy::new(&format!("http://{proxy}")).unwrap())
}

async fn failure(builder: TransportBuilder, proxy: SocketAddr) -> Error {
    let server = SocketAddr::from(([127, 0, 0, 1], 7));
    call(through(builder, proxy), server).await.unwrap_err()
}

#[tokio::test]
async fn mutual_tls_runs_through_the_tunnel_from_end_to_end() {
    let ca = Ca::new();
    let server = serve_response(ca.demanding_server(), OK).await;
    let (proxy, heads) = proxy(ESTABLISHED, server).await;
    let builder = ca.builder().identity(ca.pair().identity());

    let response = call(through(builder, proxy), server).await.unwrap();

    assert_eq!(response.body(), "ok");
    let authority = format!("localhost:{}", server.port());
    let expected = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    assert_eq!(*heads.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn the_password_goes_to_the_proxy_alone() {
    let ca = Ca::new();
    let server = serve_response(ca.server(), OK).await;
    let (addr, heads) = proxy(ESTABLISHED, server).await;
    let with_method = Proxy::new(&addr.to_string())
        .unwrap()
        .basic_auth("op", "a:b");
    let in_the_uri = Proxy::new(&format!("http://op:a%3Ab@{addr}")).unwrap();

    for proxy in [with_method, in_the_uri] {
        call(ca.builder().proxy(proxy), server).await.unwrap();
        let head = heads.lock().unwrap().pop().unwrap();
        // `op:a:b`
        let sent = "\r\nProxy-Authorization: Basic b3A6YTpi\r\n";
        assert!(head.contains(sent), "{head}");
    }
}

#[tokio::test]
async fn the_error_has_the_proxy_and_its_answer() {
    use ProxyErrorKind::{
        AuthenticationRequired, NoAnswer, Refused, Unreachable, UnsupportedAuthentication,
    };

    let nowhere = SocketAddr::from(([127, 0, 0, 1], 7));
    // `|` is the end of a line.
    let wants_password = [
        "HTTP/1.1 407 no|content-length: 0||",
        "HTTP/1.1 407 no|WWW-Authenticate: NTLM||",
        "HTTP/1.1 407 no|proxy-authenticate: Basic realm=\"x\"|Proxy-Authenticate: NTLM||",
        "HTTP/1.1 407 no|Proxy-Authenticate: Digest realm=\"a, b\", nonce=\"c\", Basic realm=\"x\"||",
    ];
    let wants_ntlm =
        ["HTTP/1.1 407 no|proxy-authenticate: Negotiate|Proxy-Authenticate: NTLM, NTLM||"];
    let no_answer = [
        "HTTP/1.1 200 OK|",
        "HTTP/1.1 40",
        "HTTP/1.1 x00||",
        "SSH-2.0-OpenSSH_9.2|",
        "SSH-2.0-OpenSSH_9.2|HTTP/1.1 200 OK||",
        "",
    ];
    let forbids = ["HTTP/1.1 403 Forbidden||no", "HTTP/1.0 403"];
    let password = "407: check the user name and password for it (none were sent)";
    let administrator = "403: ask its administrator";
    let ntlm = "such as cntlm or px (it offers Negotiate, NTLM)";
    let (nobody, _socket) = refusing();
    for (fault, said, responses) in [
        (Unreachable, "cannot be reached", &["unreachable"][..]),
        (AuthenticationRequired, password, &wants_password),
        (UnsupportedAuthentication, ntlm, &wants_ntlm),
        (Refused(403), administrator, &forbids),
        (Refused(502), "502 instead", &["HTTP/1.0 502 no||"]),
        (NoAnswer, "no whole answer in HTTP", &no_answer),
    ] {
        for response in responses {
            let (mut proxy, _) = proxy(response.replace('|', "\r\n").leak(), nowhere).await;
            if fault == Unreachable {
                proxy = nobody;
            }
            let error = failure(Ca::new().builder(), proxy).await;

            assert_eq!(error.kind(), ErrorKind::Proxy(fault), "{response}");
            let shown = error.to_string();
            let named = format!("no tunnel to localhost:7 through the proxy {proxy}: ");
            assert!(shown.starts_with(&named) && shown.contains(said), "{shown}");
            let root = iter::successors(error.source(), |&cause| cause.source()).last();
            let root = root.unwrap().to_string();
            let has_cause_below = matches!(fault, Unreachable | NoAnswer);
            assert!(has_cause_below || shown.ends_with(&root), "{shown}: {root}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_names_a_silent_proxy() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = silent.local_addr().unwrap();
    let builder = Ca::new().builder().connect_timeout(Duration::from_secs(7));

    let error = failure(builder.clone(), proxy).await;

    assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutKind::Connect));
    let waiting = format!("waiting for the proxy {proxy} to give a tunnel to localhost:7");
    assert_eq!(error.to_string(), format!("{waiting} took longer than 7 s"));

    let error = failure(builder.timeout(Duration::from_secs(2)), proxy).await;

    assert_eq!(error.kind(), ErrorKind::Timeout(TimeoutKind::Total));
    assert!(
        error.to_string().ends_with(&format!("at last {waiting}")),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_behind_the_proxy_is_still_checked() {
    let ca = Ca::new();
    let server = serve_response(ca.server(), OK).await;
    let (proxy, _) = proxy(ESTABLISHED, server).await;

    let builder = through(Ca::named("another").builder(), proxy);
    let error = call(builder, server).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Tls(TlsErrorKind::UnknownIssuer));
    assert!(!error.to_string().contains("proxy"), "{error}");
}

#[tokio::test]
async fn exceptions_are_connected_to_directly() {
    let ca = Ca::new();
    let server = serve_response(ca.server(), OK).await;
    let (nobody, _socket) = refusing();
    let nobody = Proxy::new(&nobody.to_string()).unwrap();

    let builder = ca.builder().proxy(nobody.except("other.test, localhost"));

    assert_eq!(call(builder, server).await.unwrap().body(), "ok");
}

#[test]
fn an_ambiguous_uri_is_refused_and_not_shown() {
    for secret in r"sec@ret sec/ret sec?ret sec#ret sec@ret/x s@e@cret se\cret".split(' ') {
        for uri in [
            format!("http://op:{secret}@127.0.0.1:3128"),
            format!("op:{secret}@proxy.test"),
            format!("http://{secret}@proxy.test:3128/"),
        ] {
            let error = Proxy::new(&uri).unwrap_err();
            assert_eq!(error, ProxyUriError::Ambiguous, "{uri}");
            let shown = format!("{error} {error:?}");
            let is_shown = shown.contains("cret") || shown.contains("ret@");
            assert!(!is_shown && shown.contains("percent-encode"), "{shown}");
        }
    }
    let encoded = Proxy::new("http://op:sec%40ret%2Fx@127.0.0.1:3128").unwrap();
    assert_eq!(encoded.to_string(), "127.0.0.1:3128");
}

#[test]
fn uris_of_other_forms_are_refused() {
    for scheme in ["https://p.test", "socks5://p.test:1080", "ftp://p.test"] {
        assert_eq!(Proxy::new(scheme).unwrap_err(), ProxyUriError::Scheme);
    }
    let wrong = "|http://|http:// p.test|http://p.test:99999|http://p.test:|http://:3128|\
                 http://p.test\r\nX: y";
    for uri in wrong.split('|') {
        assert_eq!(Proxy::new(uri).unwrap_err(), ProxyUriError::Uri, "{uri}");
    }
    for uri in "127.0.0.1:3128 http://[::1]:3128 [::1]:3128 p.test".split(' ') {
        Proxy::new(uri).unwrap();
    }
}

#[test]
fn exceptions_are_names_and_networks_and_an_asterisk_is_for_all() {
    let some = "a.test,.b.test,10.0.0.0/8,::1";
    let direct = "a.test x.a.test x.b.test 10.9.8.7:1 [::1]";
    let proxied = "xa.test 11.9.8.7 [::2]";
    let all = "c.test 10.0.0.1 [2001:db8::1]:8443";
    for (hosts, servers, applies) in [
        (some, direct, false),
        (some, proxied, true),
        ("*", all, false),
        (" * ", all, false),
        ("a.test,*", all, false),
        ("*,a.test", all, false),
    ] {
        let proxy = Proxy::new("p.test").unwrap().except(hosts);
        for server in servers.split(' ') {
            let uri: Uri = format!("https://{server}/").parse().unwrap();
            assert_eq!(proxy.applies_to(&uri), applies, "{hosts}: {server}");
        }
    }
}

#[test]
fn a_password_is_not_shown() {
    let in_the_uri = Proxy::new("http://op:a%3Ab@proxy.test:3128/path").unwrap();
    let with_method = Proxy::new("proxy.test:3128")
        .unwrap()
        .basic_auth("op", "a:b");
    for proxy in [in_the_uri, with_method] {
        assert_eq!(proxy.to_string(), "proxy.test:3128");
        let shown = format!("{proxy:?}");
        for secret in ["op", "a:b", "a%3Ab", "b3A6YTpi"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
