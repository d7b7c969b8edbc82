package bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Counts requests and failures by host in windows of 10 s, reads a topic of a
 * known size to its end, prints "requests failures dropped" and ends.
 * Arguments: local or dsl, brokers, topic, number of records, an own directory.
 */
public final class Main {
    static final long WIDTH = 10_000;
    static final String STORE = "windows";
    static final AtomicLong seen = new AtomicLong();

    public static void main(String[] args) throws Exception {
        String topic = args[2];
        long records = Long.parseLong(args[3]);
        StreamsBuilder builder = new StreamsBuilder();
        if (args[0].equals("local")) local(builder, topic);
        else repartitioned(builder, topic);
        KafkaStreams streams = new KafkaStreams(builder.build(), settings(args));
        streams.setUncaughtExceptionHandler(e -> {
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
            return null;
        });
        streams.start();
        long dropped;
        while (seen.get() + (dropped = dropped(streams)) < records) Thread.sleep(50);
        long[] sum = sum(streams);
        System.out.println(sum[0] + " " + sum[1] + " " + dropped);
        streams.close(Duration.ofSeconds(20));
    }

    private static Properties settings(String[] args) throws Exception {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, Path.of(args[4]).getFileName().toString());
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[1]);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        p.put(StreamsConfig.STATE_DIR_CONFIG, Files.createDirectories(Path.of(args[4])).toString());
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        return p;
    }

    /** The kindest case: each partition counts for itself, in memory, and nothing is sent back to Kafka. */
    private static void local(StreamsBuilder builder, String topic) {
        builder.addStateStore(Stores.windowStoreBuilder(
            Stores.inMemoryWindowStore(STORE, Duration.ofHours(2), Duration.ofMillis(WIDTH), false),
            Serdes.String(), Counts.serde()).withLoggingDisabled());
        builder.stream(topic, source()).process(Local::new, STORE);
    }

    private static final class Local implements Processor<String, Edge, Void, Void> {
        private WindowStore<String, Counts> store;

        @Override
        public void init(ProcessorContext<Void, Void> context) {
            store = context.getStateStore(STORE);
        }

        @Override
        public void process(Record<String, Edge> r) {
            Edge e = r.value();
            long start = e.timeMs() - e.timeMs() % WIDTH;
            Counts c = store.fetch(e.host(), start);
            store.put(e.host(), (c == null ? new Counts(0, 0) : c).plus(e.failed()), start);
            seen.incrementAndGet();
        }
    }

    /** The documented way: by key, through a repartition topic, in RocksDB with a changelog. */
    private static void repartitioned(StreamsBuilder builder, String topic) {
        builder.stream(topic, source())
            .map((k, e) -> org.apache.kafka.streams.KeyValue.pair(e.host(), e.failed()))
            .groupByKey(Grouped.with(Serdes.String(), Serdes.Boolean()))
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(WIDTH), Duration.ofSeconds(60)))
            .aggregate(() -> new Counts(0, 0), (host, failed, c) -> {
                seen.incrementAndGet();
                return c.plus(failed);
            }, Materialized.<String, Counts>as(Stores.persistentWindowStore(STORE, Duration.ofHours(2), Duration.ofMillis(WIDTH), false))
                .withKeySerde(Serdes.String()).withValueSerde(Counts.serde()));
    }

    private static Consumed<String, Edge> source() {
        return Consumed.with(Serdes.String(), Edge.serde()).withTimestampExtractor((r, t) -> ((Edge) r.value()).timeMs());
    }

    private static long dropped(KafkaStreams streams) {
        return (long) streams.metrics().values().stream()
            .filter(m -> m.metricName().name().equals("dropped-records-total"))
            .mapToDouble(m -> (Double) m.metricValue()).sum();
    }

    private static long[] sum(KafkaStreams streams) {
        long[] sum = new long[2];
        var store = streams.store(StoreQueryParameters.fromNameAndType(STORE, QueryableStoreTypes.<String, Counts>windowStore()));
        try (var all = store.all()) {
            all.forEachRemaining(e -> {
                sum[0] += e.value.requests();
                sum[1] += e.value.failures();
            });
        }
        return sum;
    }
}
