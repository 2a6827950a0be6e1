import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ContextHandler;

/**
 * DynamoDB Local on a port of the loopback. Its own main class, ServerRunner, can only listen on every
 * interface, and sends telemetry unless told not to; otherwise this is what it does for -inMemory.
 */
public class DynamoNode {
  public static void main(String[] arguments) throws Exception {
    var requests = new LocalDynamoDBRequestHandler(0, true, null, false, false);
    var address = new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0]));
    var server = new Server(address);
    server.setHandler(new ContextHandler(new LocalDynamoDBServerHandler(requests, null)));
    server.start();
    System.out.println("READY");
    server.join();
  }
}
