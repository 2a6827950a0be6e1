package bellrock;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;

/**
 * Gathers records before Python, to which Flink hands each element by itself: that is dear.
 *
 * <p>Enters: records of the log. Leaves: the same in their order, in parts that follow each other. A part is a byte,
 * which is 1 where another part follows of what was gathered, else 0; then records, each after its length, four
 * bytes, the greatest first. What always holds: no watermark and no checkpoint overtakes a record, and none comes
 * between parts; so there is no state, and a record that waits here when a worker is lost is read again.
 */
public final class Gather extends AbstractStreamOperator<byte[]>
        implements OneInputStreamOperator<byte[], byte[]>, BoundedOneInput {
    private static final long serialVersionUID = 1;
    private static final byte LAST = 0;
    private static final byte MORE = 1;

    private final long every;
    private final int enough;
    private final int part;
    private transient Queue<byte[]> waiting;
    private transient int bytes;
    private transient Watermark held;
    private transient boolean rings;

    /**
     * Lets the first record wait {@code every} ms, unless {@code enough} bytes are there before. Parts have {@code
     * part} bytes at most, or one record.
     */
    public Gather(long every, int enough, int part) {
        this.every = every;
        this.enough = enough;
        this.part = part;
    }

    @Override
    public void open() throws Exception {
        super.open();
        waiting = new ArrayDeque<>();
    }

    @Override
    public void processElement(StreamRecord<byte[]> element) {
        waiting.add(element.getValue());
        bytes += element.getValue().length;
        if (bytes >= enough) {
            flush();
        } else if (!rings) {
            rings = true;
            var clock = getProcessingTimeService();
            clock.registerTimer(clock.getCurrentProcessingTime() + every, at -> {
                rings = false;
                flush();
            });
        }
    }

    @Override
    public void processWatermark(Watermark mark) {
        held = mark;
        if (waiting.isEmpty()) {
            flush();
        }
    }

    @Override
    public void processWatermarkStatus(WatermarkStatus status) throws Exception {
        flush();
        super.processWatermarkStatus(status);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpoint) {
        flush();
    }

    @Override
    public void endInput() {
        flush();
    }

    private void flush() {
        while (!waiting.isEmpty()) {
            output.collect(new StreamRecord<>(next()));
        }
        bytes = 0;
        if (held != null) {
            output.emitWatermark(held);
            held = null;
        }
    }

    private byte[] next() {
        int size = 1;
        int count = 0;
        for (byte[] record : waiting) {
            size += Integer.BYTES + record.length;
            if (count > 0 && size > part) {
                size -= Integer.BYTES + record.length;
                break;
            }
            count++;
        }
        ByteBuffer made = ByteBuffer.allocate(size).put(count < waiting.size() ? MORE : LAST);
        for (; count > 0; count--) {
            byte[] record = waiting.remove();
            made.putInt(record.length).put(record);
        }
        return made.array();
    }
}
