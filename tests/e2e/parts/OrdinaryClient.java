// An ordinary day of Java's HttpClient: java OrdinaryClient.java AUTHORITIES HOST [PROXY PORT], a line of JSON.
//
// The JVM has a trust store of its own: AUTHORITIES is a file of PEM certificates, as a school would import them.
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class OrdinaryClient {
  static String site;

  static SSLContext trusting(String file) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int number = 0;
    for (var each : CertificateFactory.getInstance("X.509").generateCertificates(Files.newInputStream(Path.of(file))))
      store.setCertificateEntry("authority" + number++, each);
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  static HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create("https://" + site + path)).timeout(Duration.ofSeconds(60));
  }

  static boolean uploads(HttpClient client, BodyPublisher body, byte[] sent) throws Exception {
    var answer = client.send(to("/upload").POST(body).build(), BodyHandlers.ofString());
    return answer.body().equals(sha256(sent));
  }

  static String says(HttpClient client) throws Exception {
    var heard = new CompletableFuture<String>();
    var listener = new WebSocket.Listener() {
      @Override
      public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
        heard.complete(text.toString());
        return null;
      }

      @Override
      public void onError(WebSocket socket, Throwable error) {
        heard.completeExceptionally(error);
      }
    };
    var socket = client.newWebSocketBuilder().buildAsync(URI.create("wss://" + site + "/socket"), listener).get(60, TimeUnit.SECONDS);
    socket.sendText("good morning", true).get(60, TimeUnit.SECONDS);
    String said = heard.get(60, TimeUnit.SECONDS);
    socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(60, TimeUnit.SECONDS);
    return said;
  }

  public static void main(String[] arguments) throws Exception {
    site = arguments[1];
    var builder = HttpClient.newBuilder().sslContext(trusting(arguments[0])).connectTimeout(Duration.ofSeconds(30));
    if (arguments.length > 2)
      builder.proxy(ProxySelector.of(new InetSocketAddress(arguments[2], Integer.parseInt(arguments[3]))));
    HttpClient newer = builder.version(HttpClient.Version.HTTP_2).build();
    HttpClient older = builder.version(HttpClient.Version.HTTP_1_1).build();

    byte[] work = new byte[3_000_000];
    for (int i = 0; i < work.length; i++) work[i] = (byte) (i ^ i >> 8);
    StringBuilder day = new StringBuilder("{");
    for (HttpClient client : new HttpClient[] {older, newer}) {
      String version = client == older ? "1.1" : "2";
      String page = client.send(to("/page").build(), BodyHandlers.ofString()).body().strip();
      boolean whole = uploads(client, BodyPublishers.ofByteArray(work), work);
      boolean chunked = uploads(client, BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(work)), work);
      String download = sha256(client.send(to("/download?5000000").build(), BodyHandlers.ofByteArray()).body());
      long events, began = System.nanoTime();
      long[] first = {0};
      try (var lines = client.send(to("/events").build(), BodyHandlers.ofLines()).body()) {
        events = lines.filter(line -> {
          if (line.startsWith("data: ") && first[0] == 0) first[0] = System.nanoTime() - began;
          return line.startsWith("data: ");
        }).count();
      }
      double spread = (System.nanoTime() - began - first[0]) / 1e9;
      day.append(String.format("\"%s\": {\"page\": \"%s\", \"upload\": %b, \"chunked\": %b, \"download\": \"%s\", \"events\": %d, \"spread\": %.2f}, ",
                               version, page.replace("\"", ""), whole, chunked, download, events, spread));
    }
    System.out.println(day.append("\"websocket\": \"" + says(older) + "\"}"));
    System.exit(0);  // its threads would wait for a minute
  }
}
