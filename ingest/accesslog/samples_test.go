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
