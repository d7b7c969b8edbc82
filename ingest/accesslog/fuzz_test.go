package accesslog

import "testing"

// nastyJSON are the traps of JSON: each is a valid or invalid change of a good line.
var nastyJSON = []string{
	``, ` `, `{`, `{}`, ` { } `, `}`, `{,}`, `{}x`, `[]`, `null`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":1}}`,
	`{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{"a":1e+5,"b":-0.5E-3}`, `{"a":.5}`, `{"a":+1}`, `{"a":12345678901234567890123}`,
	`{"a":tru}`, `{"a":true,"b":false,"c":null}`, `{"a":[1,{"b":[]},"x"],"c":{}}`, `{"a":[1,]}`, `{"a":{"b":1,}}`, `{"a":[}`, `{"a":{]}`,
	`{"a":"\u12"}`, `{"a":"\x"}`, `{"a":"` + "\x01" + `"}`, `{"a":"` + "\xff" + `"}`, `{"a":"b`, `{"a":"b\`, `{"a":"b\"`,
	`{"a":"aaaaaaa\"bbbbbbbb\\"}`, `{"a":"\ud83d\ude00\ud83d"}`, `{"\u0061":1}`, `{"a":"!!!!!!!!\" ~"}`,
}

func addJSONSeeds(f *testing.F, lines ...string) {
	for _, line := range lines {
		f.Add([]byte(line))
		f.Add([]byte(line[:len(line)/2]))
		f.Add([]byte(line[:len(line)-1]))
		f.Add([]byte(line + ","))
		for _, nasty := range nastyJSON {
			if len(nasty) > 2 && nasty[0] == '{' {
				f.Add([]byte(line[:len(line)-1] + "," + nasty[1:]))
			}
		}
	}
	for _, nasty := range nastyJSON {
		f.Add([]byte(nasty))
	}
}

func fuzzDecoder(f *testing.F, name string, reference func([]byte, *Record) Reason) {
	used, err := New(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line []byte) { compare(t, used, name, line, reference) })
}

func FuzzCloudflare(f *testing.F) {
	addJSONSeeds(f, cloudflareSamples...)
	addJSONSeeds(f,
		`{"EdgeStartTimestamp":"1763465284","EdgeEndTimestamp":1763465284.5,"ClientRequestHost":"API.Example.com:8443","EdgeResponseStatus":"200","EdgeResponseStatus":503}`,
		`{"EdgeResponseStatus":2e2,"EdgeStartTimestamp":1763465284123,"ClientRequestURI":"/a?b","ZoneName":"z","EdgeTimeToFirstByteMs":"0.5"}`,
		`{ "EdgeResponseStatus" : 200 , "EdgeStartTimestamp" : "2025-11-18T11:28:04.5+01:00" , "EdgeEndTimestamp":"2025-11-18T10:28:05.25Z"}`,
		`{"EdgeRespons\u0065Status":404,"EdgeStartTimestamp":1,"ClientRequestPath":"\/caf\u00e9","ClientRequestHost":"[2001:db8::1]:443"}`)
	fuzzDecoder(f, "cloudflare", byJSON(refCloudflare))
}

func FuzzNginxJSON(f *testing.F) {
	addJSONSeeds(f, nginxJSONSamples...)
	addJSONSeeds(f, `{"time_local":"18/Nov/2025:11:28:04 +0000","request":"GET /a?b HTTP/1.1","status":499,"server_name":"a.b","http_host":"-","upstream_status":"-"}`)
	fuzzDecoder(f, "nginx_json", byJSON(refNginxJSON))
}

func FuzzCombined(f *testing.F) {
	for _, line := range combinedSamples {
		f.Add([]byte(line))
		f.Add([]byte(line[:len(line)-1]))
		f.Add([]byte(line + ` 0.012 "x" 5.0`))
	}
	fuzzDecoder(f, "combined", refCombined)
}
