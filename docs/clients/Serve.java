// Uploads one picture through `wxpay serve` with java.net.http (Java 17): java Serve.java PICTURE
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;

public class Serve {
    public static void main(String[] args) throws Exception {
        String address = System.getenv().getOrDefault("WXPAY_SERVE", "http://127.0.0.1:8479");
        String token = Files.readString(Path.of(System.getenv("WXPAY_SERVE_TOKEN_FILE"))).strip();
        HttpRequest request = HttpRequest.newBuilder(URI.create(address + "/v1/media"))
            .header("Authorization", "Bearer " + token)
            .timeout(Duration.ofSeconds(60))
            .POST(HttpRequest.BodyPublishers.ofFile(Path.of(args[0])))
            .build();
        String answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
        // Java has no JSON of its own; a media id has no character that JSON escapes.
        var id = Pattern.compile("\"media_id\":\"([\\w-]+)\"").matcher(answer);
        var message = Pattern.compile("\"message\":\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(answer);
        if (!id.find()) {
            System.err.println(message.find() ? message.group(1) : answer);
            System.exit(1);
        }
        System.out.println(id.group(1));
    }
}
