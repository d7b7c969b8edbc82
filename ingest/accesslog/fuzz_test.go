package accesslog

import (
	"testing"
	"time"
)

// nastyJSON are the traps of JSON: each is a valid or invalid change of a good line.
var nastyJSON = []string{
	``, ` `, `{`, `{}`, ` { } `, `}`, `{,}`, `{}x`, `[]`, `null`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":1}}`,
	`{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{"a":1e+5,"b":-0.5E-3}`, `{"a":.5}`, `{"a":+1}`, `{"a":12345678901234567890123}`,
	`{"a":tru}`, `{"a":true,"b":false,"c":null}`, `{"a":[1,{"b":[]},"x"],"c":{}}`, `{"a":[1,]}`, `{"a":{"b":1,}}`, `{"a":[}`, `{"a":{]}`,
	`{"a":"\u12"}`, `{"a":"\x"}`, `{"a":"` + "\x01" + `"}`, `{"a":"` + "\xff" + `"}`, `{"a":"b`, `{"a":"b\`, `{"a":"b\"`,
	`{"longkey":1,"longerkey":"x"}`, `{"longkey": 1,"longerkey":	"x" }`, `{"longkey":  1 , "longerkey" : "x"}`, `{"longkey":1,"longerkey":"x"}`,
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

func FuzzCaddy(f *testing.F) {
	addJSONSeeds(f, caddySamples...)
	addJSONSeeds(f,
		`{"ts":1763465284123,"logger":"http.log.error","status":502,"request":{"host":"a.b"}}`,
		`{"ts":"2025/11/18 11:28:04.123","status":0,"size":"7","duration":12300000,"request":"GET / HTTP/1.1"}`,
		`{"ts":1763465284.5,"status":"200","duration":"1.5s","request":{"host":"A.B:8443","method":"GET","uri":"/a#b","uri":"\/c?d"},"logger":""}`)
	fuzzDecoder(f, "caddy", byJSON(refCaddy))
}

func FuzzTraefik(f *testing.F) {
	addJSONSeeds(f, traefikSamples...)
	addJSONSeeds(f, `{"StartLocal":"2025-11-18T12:28:04+01:00","RequestHost":"-","RequestAddr":"A.B:80","DownstreamStatus":"499","Duration":"12300000","ServiceName":"","RouterName":"r"}`)
	fuzzDecoder(f, "traefik", byJSON(refTraefik))
}

func FuzzALB(f *testing.F) {
	addLineSeeds(f, albSamples, ` "x" 5.0`)
	f.Add([]byte(`ws 2025-11-18T11:28:04.186641Z app/a/b 203.0.113.7:1 10.0.0.1:80 0.001 0.001 0.001 101 101 1 2 "GET http://a.b:80/x HTTP/1.1" "a\"b" - - - "-" "-" "-" 0 2025-11-18T11:27:04.186641Z "-"`))
	f.Add([]byte(`http 2025-11-18T11:28:04.186641Z app/a/b 203.0.113.7:1 - -1 -1 -1 400 - 0 272 "- http://a.b:80- -" "-" - - - "-" "c.d" "-" - 2025-11-18T11:29:04.186641Z "-"`))
	f.Add([]byte(`http 2000-01-01T00:00:00Z 0 0 0 0 0 0 0 0 00 0 "" "" 0 0 0 "" "0" "0"  1`))
	fuzzDecoder(f, "alb", refALB)
}

func FuzzTraefikCLF(f *testing.F) {
	addLineSeeds(f, traefikCLFSamples, ` 1 "a" "b" -ms`)
	fuzzDecoder(f, "traefik_clf", refTraefikCLF)
}

// FuzzIIS decodes a line after the directive that gives its columns.
func FuzzIIS(f *testing.F) {
	for _, line := range iisSamples {
		f.Add(iisFields, line)
		f.Add("sc-status time date cs-host", line)
	}
	f.Add("date time cs-host s-sitename sc-status sc-bytes time-taken", "2025-11-18 11:28:04 A.B:80 W3SVC1 404 7 0.5")
	f.Add("time cs(Host) sc-status cs-method cs-uri-stem", "11:28:04 - 200 GET /a?b")
	f.Fuzz(func(t *testing.T, fields, line string) {
		if len(fields) > 1000 || refHugePower.MatchString(line) {
			return
		}
		d := newIIS()
		var want, got Record
		d.Decode([]byte("#Fields: "+fields), &got)
		wantReason := begin([]byte(line), &want)
		if wantReason == OK {
			wantReason = refIIS(fields, line, &want)
		}
		reason := d.Decode([]byte(line), &got)
		if reason == Malformed && wantReason == Malformed {
			return
		}
		if a, b := text(&got, reason), text(&want, wantReason); a != b {
			t.Fatalf("%q of %q\n got %s\nwant %s", line, fields, a, b)
		}
	})
}

func addLineSeeds(f *testing.F, lines []string, suffix string) {
	for _, line := range lines {
		f.Add([]byte(line))
		f.Add([]byte(line[:len(line)-1]))
		f.Add([]byte(line[:len(line)/2]))
		f.Add([]byte(line + suffix))
	}
}

func FuzzCombined(f *testing.F) {
	addLineSeeds(f, combinedSamples, ` 0.012 "x" 5.0`)
	fuzzDecoder(f, "combined", refCombined)
}

// The other formats have no reference of their own; they must not panic, must
// answer the same whatever they decoded before, and reject invalid JSON.
func FuzzOtherFormats(f *testing.F) {
	used := map[string]Decoder{}
	for _, name := range Formats() {
		used[name], _ = New(name)
		for _, line := range samples[name] {
			f.Add([]byte(line))
			f.Add([]byte(line[:len(line)*3/4]))
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		valid := refParse(line) != nil
		for _, name := range Formats() {
			fresh, _ := New(name)
			var want, got Record
			wantReason := fresh.Decode(line, &want)
			json := samples[name][0][0] == '{'
			if json && wantReason != TooLarge && wantReason != Empty && valid == (wantReason == Malformed) {
				t.Fatalf("%s: valid JSON is %v, but %q is %v", name, valid, line, wantReason)
			}
			reason := used[name].Decode(line, &got)
			if name == "cloudfront" || name == "iis" {
				used[name], _ = New(name) // a #Fields line is meant to change what follows
			}
			if a, b := text(&got, reason), text(&want, wantReason); a != b {
				t.Fatalf("%s of %q\nused  %s\nfresh %s", name, line, a, b)
			}
		}
	})
}

func FuzzTimestamp(f *testing.F) {
	for _, s := range []string{
		"2025-11-18T11:28:04Z", "2025-11-18T11:28:04.123456789123+05:30", "2025-11-18T11:28:04-0000", "2024-02-29T23:59:59Z", "2023-02-29T00:00:00Z",
		"1969-12-31T23:59:59-01:00", "1970-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "2262-04-11T23:47:16Z", "2261-12-31T23:59:59.999999999-23:59",
		"2025-04-31T00:00:00Z", "2025-00-10T00:00:00Z", "2025-13-10T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z", "2025-01-01T00:00:60Z",
		"2025-01-01T00:00:00.Z", "2025-01-01T00:00:00,5Z", "2025-01-01t00:00:00z", "2025-01-01T00:00:00+24:00", "2025-01-01T0:00:00Z", "2000-02-29T00:00:00Z",
		"18/Nov/2025:11:28:04 +0000", "29/Feb/2100:11:28:04 +0000", "31/Dec/2025:23:59:59 -0730", "01/nov/2025:11:28:04 +0000", "18/Nov/2025:11:28:04 +2400",
		"1763465284", "1763465284.123", "1763465284123", "1763465284123456", "1763465284123456789", "99999999999999999999", "-1", "0", "1e9", "0.5", "1763465284e3", "17634652841e-1", "00001763465284",
	} {
		f.Add(s)
	}
	var used clock
	f.Fuzz(func(t *testing.T, s string) {
		if refHugePower.MatchString(s) {
			return
		}
		want, wantPrecise, wantOK := refTime(s)
		for range 2 {
			got, precise, ok := used.text([]byte(s))
			if ok != wantOK || ok && (got != want || precise != wantPrecise) {
				t.Fatalf("%q: %v %v %v, want %v %v %v", s, time.Unix(0, got).UTC(), precise, ok, time.Unix(0, want).UTC(), wantPrecise, wantOK)
			}
		}
	})
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0", "12", "0.012", "10.004", "9223372036854775807", "9223372036854775808", "-9223372036854775807", "1e3", "1.5E-2", "12345678901234567890.5", "1e18", "1e19", "0e99", "000", "", "-", ".", "1.", ".5", "1e", "0.0000000000000000000001e22"} {
		f.Add(s, uint8(6))
	}
	f.Fuzz(func(t *testing.T, s string, scale uint8) {
		scale %= 10
		if refHugePower.MatchString(s) {
			_, _ = decimal([]byte(s), int(scale))
			return
		}
		want, wantOK := refDecimal(s, int64(scale))
		if wantOK && want == -1<<63 {
			return // decimal stops one short of it
		}
		got, ok := decimal([]byte(s), int(scale))
		if ok != wantOK || ok && got != want {
			t.Fatalf("%q times 10^%d: %d %v, want %d %v", s, scale, got, ok, want, wantOK)
		}
	})
}

// FuzzHost holds host to its reference: one expression a rule.
func FuzzHost(f *testing.F) {
	for _, s := range []string{"", "a.b", "A.B:80", "a.b.", "a.b.:443", "a..", "[2001:DB8::1]:443", "[::1]", "[::1", "[a]", "a b", "caf\xe9", "a:b", "::1", ":80", "_", "-:1", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, _ := host([]byte(s), nil)
		if want := refHost(s); string(name) != want {
			t.Fatalf("%q: %q, want %q", s, name, want)
		}
	})
}
