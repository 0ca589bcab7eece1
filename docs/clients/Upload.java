// Uploads one picture with java.net.http (Java 17): java Upload.java PICTURE
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.xml.parsers.DocumentBuilderFactory;

public class Upload {
    static final String MCH_ID = System.getenv("WXPAY_MCH_ID");
    static final String KEY = System.getenv("WXPAY_API_KEY");

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String sign(Map<String, String> fields, String signType) throws Exception {
        String string = new TreeMap<>(fields).entrySet().stream()
            .filter(field -> !field.getValue().isEmpty() && !field.getKey().equals("sign"))
            .map(field -> field.getKey() + "=" + field.getValue() + "&")
            .collect(Collectors.joining()) + "key=" + KEY;
        byte[] digest;
        if (signType.equals("HMAC-SHA256")) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(utf8(KEY), "HmacSHA256"));
            digest = mac.doFinal(utf8(string));
        } else {
            digest = MessageDigest.getInstance("MD5").digest(utf8(string));
        }
        return HexFormat.of().withUpperCase().formatHex(digest);
    }

    /** The merchant's PKCS#12, whose password is the merchant id, and who is trusted. */
    static SSLContext tls() throws Exception {
        Path p12 = Path.of(System.getenv("WXPAY_CERT")).resolveSibling("apiclient_cert.p12");
        KeyStore own = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(p12)) {
            own.load(in, MCH_ID.toCharArray());
        }
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, MCH_ID.toCharArray());
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        KeyStore roots = null;
        if (System.getenv("WXPAY_CA") != null) {
            roots = KeyStore.getInstance(KeyStore.getDefaultType());
            roots.load(null, null);
            try (var in = Files.newInputStream(Path.of(System.getenv("WXPAY_CA")))) {
                roots.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
            }
        }
        trust.init(roots);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    public static void main(String[] args) throws Exception {
        // Read once: the hash and the body come from the same bytes.
        byte[] picture = Files.readAllBytes(Path.of(args[0]));
        String kind = picture[0] == (byte) 0x89 ? "png" : "jpeg";
        var fields = new LinkedHashMap<String, String>();
        fields.put("mch_id", MCH_ID);
        fields.put("media_hash", HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(picture)));
        fields.put("sign_type", "HMAC-SHA256");
        fields.put("sign", sign(fields, "HMAC-SHA256"));

        String boundary = UUID.randomUUID().toString().replace("-", "");
        String part = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"%s\"";
        var body = new ByteArrayOutputStream();
        for (var field : fields.entrySet()) {
            body.write(utf8(part.formatted(field.getKey()) + "\r\n\r\n" + field.getValue() + "\r\n"));
        }
        body.write(utf8(part.formatted("media") + "; filename=\"picture." + kind + "\"\r\n"
            + "Content-Type: image/" + kind + "\r\n\r\n"));
        body.write(picture);
        body.write(utf8("\r\n--" + boundary + "--\r\n"));

        String origin = System.getenv().getOrDefault("WXPAY_ENDPOINT", "https://api.mch.weixin.qq.com");
        HttpRequest request = HttpRequest.newBuilder(URI.create(origin + "/secapi/mch/uploadmedia"))
            .header("Content-Type", "multipart/form-data; boundary=" + boundary)
            .timeout(Duration.ofSeconds(30))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()))
            .build();
        HttpClient client = HttpClient.newBuilder().sslContext(tls()).version(HttpClient.Version.HTTP_1_1).build();
        byte[] bytes = client.send(request, HttpResponse.BodyHandlers.ofByteArray()).body();

        var xml = DocumentBuilderFactory.newInstance();
        // A document type is the way in for external entities.
        xml.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        var nodes = xml.newDocumentBuilder().parse(new ByteArrayInputStream(bytes)).getDocumentElement().getChildNodes();
        var reply = new LinkedHashMap<String, String>();
        for (int i = 0; i < nodes.getLength(); i++) {
            if (nodes.item(i) instanceof org.w3c.dom.Element field) {
                reply.put(field.getTagName(), field.getTextContent());
            }
        }
        if (!"SUCCESS".equals(reply.get("return_code")) || !"SUCCESS".equals(reply.get("result_code"))) {
            throw new IllegalStateException("refused: " + reply);
        }
        // The reply does not say what signed it: its length does. All of its fields are signed.
        String given = reply.getOrDefault("sign", "");
        String right = sign(reply, given.length() == 64 ? "HMAC-SHA256" : "MD5");
        if (!MessageDigest.isEqual(utf8(given), utf8(right))) {
            throw new IllegalStateException("the reply is not signed by the gateway");
        }
        System.out.println(reply.get("media_id"));
    }
}
