package accesslog

var cloudflareSamples = []string{
	`{"EdgeStartTimestamp":"2025-11-18T11:28:04Z","EdgeEndTimestamp":"2025-11-18T11:28:04Z","RayID":"9a07c2f1be3d8c4e","ClientIP":"203.0.113.7","ClientCountry":"de","ClientRequestHost":"api.example.com","ClientRequestMethod":"GET","ClientRequestPath":"/v1/items","ClientRequestURI":"/v1/items?page=2","ClientRequestProtocol":"HTTP/2","EdgeColoCode":"FRA","EdgeResponseStatus":200,"EdgeResponseBytes":1045,"EdgeTimeToFirstByteMs":12,"CacheCacheStatus":"hit","OriginResponseStatus":0,"OriginResponseDurationMs":0}`,
	`{"EdgeStartTimestamp":1763465285123000000,"EdgeEndTimestamp":1763465285131000000,"RayID":"9a07c2f7aa018c4e","ClientIP":"198.51.100.23","ClientCountry":"us","ClientRequestHost":"login.example.com","ClientRequestMethod":"POST","ClientRequestPath":"/session","ClientRequestURI":"/session","ClientRequestProtocol":"HTTP/1.1","EdgeColoCode":"IAD","EdgeResponseStatus":500,"EdgeResponseBytes":5312,"EdgeTimeToFirstByteMs":8,"CacheCacheStatus":"dynamic","OriginResponseStatus":0,"OriginResponseDurationMs":0}`,
}

var combinedSamples = []string{
	`203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] "GET /v1/items?page=2 HTTP/2.0" 200 742 "-" "Mozilla/5.0 (X11; Linux x86_64)"`,
	`198.51.100.23 - - [18/Nov/2025:11:28:05 +0000] "POST /session HTTP/1.1" 502 157 "-" "okhttp/4.12.0"`,
	`203.0.113.7 - frank [18/Nov/2025:11:28:04 +0000] "GET /v1/items?page=2 HTTP/1.1" 304 - "https://example.com/" "Mozilla/5.0"`,
	`198.51.100.23 - - [18/Nov/2025:12:28:05 +0100] "-" 408 - "-" "-"`,
	`203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] "GET / HTTP/1.0" 200 742`,
	`API.example.com:443 2001:db8::7 - - [29/Feb/2024:23:59:59 -0130] "GET /a\"b?c HTTP/1.1" 499 0 "\\" "x\"y" 0.250`,
	`203.0.113.7 - "\"[x] \"" [18/Nov/2025:11:28:04 +0000] "GET / HTTP/1.0" 200 742`,
	`203.0.113.7 - a\"b [18/Nov/2025:11:28:04 +0000] "\x16\x03\x01" 400 157 "-" "-"`,
	`203.0.113.7 - - [31/Nov/2025:11:28:04 +0000] "GET / HTTP/1.0" 000 742`,
	`203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] "GET / HTTP/1.0" 009 742`,
	`203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] "GET / HTTP/1.0" - 742`,
}

var nginxJSONSamples = []string{
	`{"msec":"1763465284.123","time_iso8601":"2025-11-18T11:28:04+00:00","host":"api.example.com","request_method":"GET","request_uri":"/v1/items?page=2","uri":"/v1/items","status":"200","bytes_sent":"1045","request_time":"0.012","upstream_status":"","upstream_response_time":"","upstream_cache_status":"HIT","remote_addr":"203.0.113.7"}`,
	`{"msec":"1763465285.127","time_iso8601":"2025-11-18T11:28:05+00:00","host":"login.example.com","request_method":"POST","request_uri":"/session","uri":"/session","status":"502","bytes_sent":"431","request_time":"10.004","upstream_status":"502, 504","upstream_response_time":"5.001, 5.002","upstream_cache_status":"","remote_addr":"198.51.100.23"}`,
}

var cloudfrontSamples = []string{
	"2025-11-18\t11:28:04\tFRA56-P4\t1045\t203.0.113.7\tGET\td111111abcdef8.cloudfront.net\t/v1/items\t200\t-\tMozilla/5.0%20(X11;%20Linux%20x86_64)\tpage=2\t-\tHit\t5uJ3Y0rX9kqz==\tapi.example.com\thttps\t312\t0.012\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tHit\tHTTP/2.0\t-\t-\t51234\t0.011\tHit\tapplication/json\t742\t-\t-",
	"2025-11-18\t11:28:05\tIAD89-P1\t431\t198.51.100.23\tPOST\td111111abcdef8.cloudfront.net\t/v1/login\t502\t-\tokhttp/4.12.0\t-\t-\tError\t8kQ1ZbT4mnp==\tapi.example.com\thttps\t540\t10.004\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tError\tHTTP/1.1\t-\t-\t40112\t10.004\tOriginCommError\ttext/html\t105\t-\t-",
}

var fastlySamples = []string{
	`{"timestamp":"2025-11-18T11:28:04+0000","service_id":"SU1Z0isxPaozGVKXdv0eY","host":"api.example.com","request_method":"GET","url":"/v1/items?page=2","response_status":200,"response_body_size":742,"time_elapsed":12034,"cache_status":"HIT","fastly_pop":"FRA","geo_country_code":"DE","is_edge":true}`,
	`{"timestamp":"2025-11-18T11:28:05+0000","service_id":"SU1Z0isxPaozGVKXdv0eY","host":"login.example.com","request_method":"POST","url":"/session","response_status":503,"response_body_size":449,"time_elapsed":60001220,"cache_status":"ERROR","fastly_pop":"IAD","geo_country_code":"US","is_edge":true}`,
}

var envoySamples = []string{
	`[2025-11-18T11:28:04.123Z] "GET /v1/items?page=2 HTTP/2" 200 - 0 742 12 11 "203.0.113.7" "Mozilla/5.0" "6f0c2a1e-7a55-4c57-9d0a-3c1a8f1b2c3d" "api.example.com" "10.0.3.17:8080"`,
	`[2025-11-18T11:28:05.127Z] "POST /session HTTP/1.1" 503 UF 217 91 5004 - "198.51.100.23" "okhttp/4.12.0" "b3a9d1c4-22e1-4a0b-8f57-0d2c9f6a7e11" "login.example.com" "10.0.4.20:8080"`,
}

var envoyJSONSamples = []string{
	`{"start_time":"2025-11-18T11:28:04.123Z","method":"GET","path":"/v1/items?page=2","protocol":"HTTP/2","response_code":200,"response_flags":"-","response_code_details":"via_upstream","bytes_received":0,"bytes_sent":742,"duration":12,"x_envoy_upstream_service_time":"11","authority":"api.example.com","upstream_cluster":"outbound|8080||items","upstream_host":"10.0.3.17:8080","route_name":"default","x_forwarded_for":"203.0.113.7"}`,
	`{"start_time":"2025-11-18T11:28:05.127Z","method":"POST","path":"/session","protocol":"HTTP/1.1","response_code":"0","response_flags":"DC","response_code_details":"downstream_remote_disconnect","bytes_received":"217","bytes_sent":"0","duration":"5004","x_envoy_upstream_service_time":"-","authority":"login.example.com","upstream_cluster":"outbound|8080||login","upstream_host":null,"route_name":"default","x_forwarded_for":"198.51.100.23"}`,
}

var akamaiSamples = []string{
	`{"version":"2","streamId":"12345","cp":"1629049","reqId":"1239f220","reqTimeSec":"1763465284.123","bytes":"742","cliIP":"203.0.113.7","statusCode":"200","proto":"HTTPS","reqHost":"api.example.com","reqMethod":"GET","reqPath":"v1/items","queryStr":"page=2","totalBytes":"1045","turnAroundTimeMSec":"11","transferTimeMSec":"1","cacheStatus":"1","edgeIP":"23.50.51.173","country":"DE","serverCountry":"DE"}`,
	`{"version":"2","streamId":"12345","cp":"1629053","reqId":"1239f221","reqTimeSec":"1763465285.127","bytes":"0","cliIP":"198.51.100.23","statusCode":"503","proto":"HTTPS","reqHost":"login.example.com","reqMethod":"POST","reqPath":"session","totalBytes":"431","turnAroundTimeMSec":"5004","transferTimeMSec":"0","cacheStatus":"0","errorCode":"ERR_CONNECT_FAIL","edgeIP":"23.50.51.174","country":"US","serverCountry":"US"}`,
}

var gcpSamples = []string{
	`{"timestamp":"2025-11-18T11:28:04.123456Z","httpRequest":{"requestMethod":"GET","requestUrl":"https://api.example.com/v1/items?page=2","status":200,"responseSize":"1045","latency":"0.012s","cacheLookup":true,"cacheHit":true,"remoteIp":"203.0.113.7"},"jsonPayload":{"statusDetails":"response_from_cache","cacheId":"FRA-fbae48ad"},"resource":{"type":"http_load_balancer","labels":{"backend_service_name":"items","forwarding_rule_name":"fr1","zone":"global"}}}`,
	`{"timestamp":"2025-11-18T11:28:05.127Z","httpRequest":{"requestMethod":"POST","requestUrl":"https://login.example.com/session","status":502,"responseSize":"431","latency":"10.004s","remoteIp":"198.51.100.23"},"jsonPayload":{"statusDetails":"backend_connection_closed_before_data_sent_to_client"},"resource":{"type":"http_load_balancer","labels":{"backend_service_name":"login","forwarding_rule_name":"fr1","zone":"global"}}}`,
}

var vercelSamples = []string{
	`{"id":"1763465284123000","source":"static","host":"api.example.com","timestamp":1763465284123,"projectId":"prj_1","deploymentId":"dpl_1","level":"info","proxy":{"timestamp":1763465284123,"method":"GET","host":"api.example.com","path":"/v1/items?page=2","statusCode":200,"region":"fra1","vercelCache":"HIT","responseByteSize":742,"clientIp":"203.0.113.7"}}`,
	`{"id":"1763465285127000","source":"lambda","host":"login.example.com","timestamp":1763465285127,"projectId":"prj_1","deploymentId":"dpl_1","level":"error","proxy":{"timestamp":1763465285127,"method":"POST","host":"login.example.com","path":"/session","statusCode":504,"region":"iad1","vercelCache":"MISS","clientIp":"198.51.100.23"}}`,
}

// samples are the lines of every format, as its vendor documents them.
var samples = map[string][]string{
	"cloudflare": cloudflareSamples, "combined": combinedSamples, "nginx_json": nginxJSONSamples,
	"cloudfront": cloudfrontSamples, "fastly": fastlySamples, "envoy": envoySamples, "envoy_json": envoyJSONSamples,
	"akamai": akamaiSamples, "gcp": gcpSamples, "vercel": vercelSamples,
}
