package bench;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Counts requests and failures by host in tumbling event-time windows of 10 s,
 * on Flink's MiniCluster: state on the heap, objects reused, no checkpoints.
 * Reads a topic to the end that it had at the start, prints "requests failures dropped" and ends.
 * Arguments: brokers, topic.
 */
public final class Main {
    // The MiniCluster's tasks are threads of this process.
    static final AtomicLong requests = new AtomicLong();
    static final AtomicLong failures = new AtomicLong();
    static final AtomicLong dropped = new AtomicLong();

    public static void main(String[] args) throws Exception {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(2, settings());
        var source = KafkaSource.<Tuple3<String, Long, Boolean>>builder()
            .setBootstrapServers(args[0]).setTopics(args[1]).setGroupId("flink")
            .setStartingOffsets(OffsetsInitializer.earliest()).setBounded(OffsetsInitializer.latest())
            .setDeserializer(new Decoder()).build();
        var watermarks = WatermarkStrategy.<Tuple3<String, Long, Boolean>>forBoundedOutOfOrderness(Duration.ofSeconds(5))
            .withTimestampAssigner((e, t) -> e.f1);
        var late = new OutputTag<Tuple3<String, Long, Boolean>>("late", Decoder.TYPE);
        var counts = env.fromSource(source, watermarks, "edge")
            .keyBy(e -> e.f0, Types.STRING)
            .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
            .sideOutputLateData(late)
            .aggregate(new Count(), Types.TUPLE(Types.LONG, Types.LONG), Types.TUPLE(Types.LONG, Types.LONG));
        counts.map(Main::add, Types.LONG).sinkTo(new DiscardingSink<>());
        counts.getSideOutput(late).map(e -> dropped.incrementAndGet(), Types.LONG).sinkTo(new DiscardingSink<>());
        env.execute();
        System.out.println(requests + " " + failures + " " + dropped);
    }

    private static long add(Tuple2<Long, Long> window) {
        failures.addAndGet(window.f1);
        return requests.addAndGet(window.f0);
    }

    /** State is kept on the heap, so that none of Flink's managed memory is used; two tasks exchange through few buffers. */
    private static Configuration settings() {
        Configuration c = new Configuration();
        c.set(PipelineOptions.OBJECT_REUSE, true);
        c.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ZERO);
        c.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(32));
        c.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(32));
        return c;
    }

    /** Host, time in milliseconds, and whether it failed: as a tuple, which Flink copies between its tasks fastest. */
    private static final class Decoder implements KafkaRecordDeserializationSchema<Tuple3<String, Long, Boolean>> {
        static final TypeInformation<Tuple3<String, Long, Boolean>> TYPE = Types.TUPLE(Types.STRING, Types.LONG, Types.BOOLEAN);

        @Override
        public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Tuple3<String, Long, Boolean>> out) {
            Edge e = Edge.parse(record.topic(), record.value());
            out.collect(Tuple3.of(e.host(), e.timeMs(), e.failed()));
        }

        @Override
        public TypeInformation<Tuple3<String, Long, Boolean>> getProducedType() {
            return TYPE;
        }
    }

    private static final class Count implements AggregateFunction<Tuple3<String, Long, Boolean>, Tuple2<Long, Long>, Tuple2<Long, Long>> {
        @Override
        public Tuple2<Long, Long> createAccumulator() {
            return Tuple2.of(0L, 0L);
        }

        @Override
        public Tuple2<Long, Long> add(Tuple3<String, Long, Boolean> e, Tuple2<Long, Long> c) {
            c.f0++;
            if (e.f2) c.f1++;
            return c;
        }

        @Override
        public Tuple2<Long, Long> getResult(Tuple2<Long, Long> c) {
            return c;
        }

        @Override
        public Tuple2<Long, Long> merge(Tuple2<Long, Long> a, Tuple2<Long, Long> b) {
            return Tuple2.of(a.f0 + b.f0, a.f1 + b.f1);
        }
    }
}
