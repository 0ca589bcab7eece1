// Uploads one picture with Go's standard library: go run upload.go PICTURE
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"sort"
	"strings"
	"time"
)

func sign(fields map[string]string, signType string) string {
	key := os.Getenv("WXPAY_API_KEY")
	var pairs []string
	for name, value := range fields {
		if value != "" && name != "sign" {
			pairs = append(pairs, name+"="+value)
		}
	}
	sort.Strings(pairs)
	text := strings.Join(pairs, "&") + "&key=" + key
	if signType == "HMAC-SHA256" {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		return fmt.Sprintf("%X", mac.Sum(nil))
	}
	return fmt.Sprintf("%X", md5.Sum([]byte(text)))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	log.SetFlags(0)
	// Read once: the hash and the body come from the same bytes.
	picture := must(os.ReadFile(os.Args[1]))
	kind := "jpeg"
	if bytes.HasPrefix(picture, []byte("\x89PNG")) {
		kind = "png"
	}
	fields := map[string]string{
		"mch_id":     os.Getenv("WXPAY_MCH_ID"),
		"media_hash": fmt.Sprintf("%x", md5.Sum(picture)),
		"sign_type":  "HMAC-SHA256",
	}
	fields["sign"] = sign(fields, "HMAC-SHA256")

	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		form.WriteField(name, value)
	}
	// Not CreateFormFile, which sends every picture as application/octet-stream.
	part := must(form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="media"; filename="picture.%s"`, kind)},
		"Content-Type":        {"image/" + kind},
	}))
	part.Write(picture)
	form.Close()

	config := &tls.Config{Certificates: []tls.Certificate{
		must(tls.LoadX509KeyPair(os.Getenv("WXPAY_CERT"), os.Getenv("WXPAY_KEY"))),
	}}
	if ca := os.Getenv("WXPAY_CA"); ca != "" {
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(must(os.ReadFile(ca)))
	}
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: config}}
	origin := os.Getenv("WXPAY_ENDPOINT")
	if origin == "" {
		origin = "https://api.mch.weixin.qq.com"
	}
	response := must(client.Post(origin+"/secapi/mch/uploadmedia", form.FormDataContentType(), &body))
	defer response.Body.Close()
	text := must(io.ReadAll(io.LimitReader(response.Body, 64*1024)))

	var document struct {
		XMLName xml.Name `xml:"xml"`
		Fields  []struct {
			XMLName xml.Name
			Value   string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(text, &document); err != nil {
		log.Fatalf("no reply of the gateway, status %s: %v", response.Status, err)
	}
	reply := map[string]string{}
	for _, field := range document.Fields {
		reply[field.XMLName.Local] = field.Value
	}
	if reply["return_code"] != "SUCCESS" || reply["result_code"] != "SUCCESS" {
		log.Fatalf("refused: %v", reply)
	}
	// The reply does not say what signed it: its length does. All of its fields are signed.
	given, algorithm := reply["sign"], "MD5"
	if len(given) == 64 {
		algorithm = "HMAC-SHA256"
	}
	if !hmac.Equal([]byte(given), []byte(sign(reply, algorithm))) {
		log.Fatal("the reply is not signed by the gateway")
	}
	fmt.Println(reply["media_id"])
}
