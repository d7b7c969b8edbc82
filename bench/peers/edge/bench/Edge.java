package bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What the job needs of a record. Read once, by Jackson's streaming parser, which is its fastest. */
record Edge(String host, long timeMs, boolean failed) {
    private static final JsonFactory JSON = new JsonFactory();

    static Edge parse(String topic, byte[] line) {
        if (line == null) return null;
        String host = null;
        long time = 0;
        int status = 0;
        try (JsonParser p = JSON.createParser(line)) {
            p.nextToken();
            while (p.nextToken() == JsonToken.FIELD_NAME) {
                String name = p.currentName();
                JsonToken value = p.nextToken();
                switch (name) {
                    case "ClientRequestHost" -> host = p.getText();
                    case "EdgeStartTimestamp" -> time = value == JsonToken.VALUE_STRING
                        ? Instant.parse(p.getText()).toEpochMilli() : millis(p.getLongValue());
                    case "EdgeResponseStatus" -> status = p.getIntValue();
                    default -> p.skipChildren();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Edge(host, time, status >= 500);
    }

    private static long millis(long n) {
        return n < 100_000_000_000L ? n * 1000 : n / 1_000_000;
    }

    static Serde<Edge> serde() {
        return Serdes.serdeFrom((topic, e) -> { throw new UnsupportedOperationException("records are only read"); }, Edge::parse);
    }
}

/** Requests and failures of one host in one window. */
record Counts(long requests, long failures) {
    Counts plus(boolean failed) {
        return new Counts(requests + 1, failures + (failed ? 1 : 0));
    }

    static Serde<Counts> serde() {
        return Serdes.serdeFrom(
            (topic, c) -> c == null ? null : ByteBuffer.allocate(16).putLong(c.requests).putLong(c.failures).array(),
            (topic, b) -> b == null ? null : new Counts(ByteBuffer.wrap(b).getLong(0), ByteBuffer.wrap(b).getLong(8)));
    }
}
