import static org.codelibs.opensearch.runner.OpenSearchRunner.newConfigs;

import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node on two ports of the loopback, HTTP and transport, with its data in a folder. */
public class SearchNode {
  public static void main(String[] arguments) throws Exception {
    var runner = new OpenSearchRunner();
    runner.onBuild((number, settings) -> {
      settings.put("network.host", "127.0.0.1");
      settings.put("http.port", arguments[1]);
      settings.put("transport.port", arguments[2]);
      settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
    });
    runner.build(newConfigs().clusterName("test").numOfNode(1).basePath(arguments[0]).useLogger());
    runner.ensureYellow();
    System.out.println("READY");
    Thread.currentThread().join();
  }
}
