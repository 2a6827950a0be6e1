package bellrock;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What comes out, as text: parts as the list of their records, with a comma where more follow; and all else. */
class GatherTest {
    private static final long EVERY = 100;
    private static final int ENOUGH = 20;
    private static final int PART = 23;

    private OneInputStreamOperatorTestHarness<byte[], byte[]> harness;

    @BeforeEach
    void open() throws Exception {
        harness = new OneInputStreamOperatorTestHarness<>(new Gather(EVERY, ENOUGH, PART));
        harness.open();
        harness.setProcessingTime(1_000);
    }

    @AfterEach
    void close() throws Exception {
        harness.close();
    }

    @Test
    void recordsComeTogetherInTheirOrderWhenTheirTimeIsOver() throws Exception {
        add("a");
        harness.setProcessingTime(1_050);
        add("");
        add("bc");
        harness.setProcessingTime(1_099);
        assertEquals(List.of(), output());
        harness.setProcessingTime(1_100);
        assertEquals(List.of("[a, , bc]"), output());
        harness.setProcessingTime(1_300);
        assertEquals(List.of(), output());
    }

    @Test
    void whatComesLaterHasItsOwnTime() throws Exception {
        add("a");
        harness.setProcessingTime(1_100);
        harness.setProcessingTime(1_150);
        add("b");
        harness.setProcessingTime(1_249);
        assertEquals(List.of("[a]"), output());
        harness.setProcessingTime(1_250);
        assertEquals(List.of("[b]"), output());
    }

    @Test
    void enoughBytesDoNotWait() throws Exception {
        add("1234567890");
        assertEquals(List.of(), output());
        add("1");
        add("123456789");
        assertEquals(List.of("[1234567890, 1],", "[123456789]"), output());
        harness.setProcessingTime(1_100);
        assertEquals(List.of(), output());
    }

    @Test
    void aRecordThatIsLongerThanAPartIsOne() throws Exception {
        String great = "x".repeat(PART + 1);
        add("a");
        add(great);
        assertEquals(List.of("[a],", "[" + great + "]"), output());
        add(great);
        assertEquals(List.of("[" + great + "]"), output());
    }

    @Test
    void aWatermarkComesAfterTheRecordsBeforeIt() throws Exception {
        harness.processWatermark(new Watermark(1));
        assertEquals(List.of("watermark 1"), output());
        add("a");
        harness.processWatermark(new Watermark(2));
        harness.processWatermark(new Watermark(3));
        assertEquals(List.of(), output());
        add("b");
        harness.setProcessingTime(1_100);
        assertEquals(List.of("[a, b]", "watermark 3"), output());
    }

    @Test
    void nothingIsLeftForACheckpoint() throws Exception {
        add("a");
        harness.processWatermark(new Watermark(2));
        harness.prepareSnapshotPreBarrier(1);
        assertEquals(List.of("[a]", "watermark 2"), output());
    }

    @Test
    void asSilenceBeginsNothingIsHeldBack() throws Exception {
        add("a");
        harness.processWatermark(new Watermark(2));
        harness.processWatermarkStatus(WatermarkStatus.IDLE);
        assertEquals(List.of("[a]", "watermark 2", "IDLE"), output());
    }

    @Test
    void theEndOfALogIsWaitedForByNothing() throws Exception {
        add("a");
        harness.processWatermark(Watermark.MAX_WATERMARK);
        harness.endInput();
        assertEquals(List.of("[a]", "watermark " + Long.MAX_VALUE), output());
    }

    private void add(String record) throws Exception {
        harness.processElement(new StreamRecord<>(record.getBytes(StandardCharsets.UTF_8)));
    }

    private List<String> output() {
        List<String> found = new ArrayList<>();
        for (Object one = harness.getOutput().poll(); one != null; one = harness.getOutput().poll()) {
            if (one instanceof StreamRecord<?> record) {
                found.add(records((byte[]) record.getValue()));
            } else if (one instanceof Watermark mark) {
                found.add("watermark " + mark.getTimestamp());
            } else {
                found.add(((WatermarkStatus) one).isIdle() ? "IDLE" : "ACTIVE");
            }
        }
        return found;
    }

    private static String records(byte[] part) {
        ByteBuffer left = ByteBuffer.wrap(part);
        boolean more = left.get() == 1;
        List<String> found = new ArrayList<>();
        while (left.hasRemaining()) {
            byte[] record = new byte[left.getInt()];
            left.get(record);
            found.add(new String(record, StandardCharsets.UTF_8));
        }
        return found + (more ? "," : "");
    }
}
