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
	`203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] "GET / HTTP/1.0" 200 742 "-" "-" shop rt=2.043 uct="0.001" upstream=10.0.0.3:80`,
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

var albSamples = []string{
	`http 2025-11-18T11:28:04.186641Z app/my-lb/50dc6c495c0c9188 203.0.113.7:2817 10.0.0.1:80 0.000 0.011 0.000 200 200 34 742 "GET http://api.example.com:80/v1/items?page=2 HTTP/1.1" "curl/8.8.0" - - arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/items/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2025-11-18T11:28:04.175000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1`,
	`h2 2025-11-18T11:28:15.131000Z app/my-lb/50dc6c495c0c9188 198.51.100.23:2817 10.0.0.2:80 0.000 -1 -1 504 - 217 157 "POST https://login.example.com:443/session HTTP/2.0" "okhttp/4.12.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/login/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "login.example.com" "arn:aws:acm:eu-central-1:123456789012:certificate/1" 1 2025-11-18T11:28:05.127000Z "forward" "-" "-" "10.0.0.2:80" "-" "-" "-" TID_2`,
}

var iisSamples = []string{
	"2025-11-18 11:28:04 10.0.0.5 GET /v1/items page=2 443 - 203.0.113.7 Mozilla/5.0+(Windows+NT+10.0) - 200 0 0 12",
	"2025-11-18 11:28:05 10.0.0.5 POST /session - 443 CORP\\frank 198.51.100.23 okhttp/4.12.0 https://example.com/ 503 0 64 5004",
}

var caddySamples = []string{
	`{"level":"info","ts":1763465284.123,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"2817","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"api.example.com","uri":"/v1/items?page=2","headers":{"User-Agent":["curl/8.8.0"]},"tls":{"resumed":false}},"bytes_read":0,"user_id":"","duration":0.012,"size":742,"status":200,"resp_headers":{"Server":["Caddy"]}}`,
	`{"level":"error","ts":"2025-11-18T11:28:05.127Z","logger":"http.log.access","msg":"handled request","request":{"remote_ip":"198.51.100.23","proto":"HTTP/1.1","method":"POST","host":"login.example.com:443","uri":"/session"},"bytes_read":217,"duration":10.004,"size":0,"status":502}`,
}

var traefikSamples = []string{
	`{"ClientAddr":"203.0.113.7:2817","ClientHost":"203.0.113.7","DownstreamContentSize":742,"DownstreamStatus":200,"Duration":12300000,"OriginContentSize":742,"OriginDuration":11000000,"OriginStatus":200,"Overhead":1300000,"RequestAddr":"api.example.com","RequestHost":"api.example.com","RequestMethod":"GET","RequestPath":"/v1/items?page=2","RequestProtocol":"HTTP/2.0","RouterName":"items@docker","ServiceName":"items-svc@docker","StartLocal":"2025-11-18T12:28:04.123456789+01:00","StartUTC":"2025-11-18T11:28:04.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2025-11-18T11:28:04Z"}`,
	`{"DownstreamContentSize":15,"DownstreamStatus":502,"Duration":10004000000,"OriginStatus":0,"RequestAddr":"login.example.com:443","RequestMethod":"POST","RequestPath":"/session","RouterName":"login@docker","level":"info","msg":"","time":"2025-11-18T12:28:05+01:00"}`,
}

var traefikCLFSamples = []string{
	`203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] "GET /v1/items?page=2 HTTP/2.0" 200 742 "-" "Mozilla/5.0 (X11; Linux x86_64)" 17 "items@docker" "http://10.0.0.1:80" 12ms`,
	`198.51.100.23 - frank [18/Nov/2025:11:28:05 +0000] "POST /session HTTP/1.1" 404 19 "-" "okhttp/4.12.0" 18 "-" "-" 0ms`,
}

// samples are the lines of every format, as its vendor documents them.
var samples = map[string][]string{
	"cloudflare": cloudflareSamples, "combined": combinedSamples, "nginx_json": nginxJSONSamples,
	"cloudfront": cloudfrontSamples, "fastly": fastlySamples, "envoy": envoySamples, "envoy_json": envoyJSONSamples,
	"akamai": akamaiSamples, "gcp": gcpSamples, "vercel": vercelSamples,
	"alb": albSamples, "iis": iisSamples, "caddy": caddySamples, "traefik": traefikSamples, "traefik_clf": traefikCLFSamples,
}
