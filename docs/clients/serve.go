// Uploads one picture through `wxpay serve` with Go's standard library: go run serve.go PICTURE
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	log.SetFlags(0)
	address, isSet := os.LookupEnv("WXPAY_SERVE")
	if !isSet {
		address = "http://127.0.0.1:8479"
	}
	picture := bytes.NewReader(must(os.ReadFile(os.Args[1])))
	token := bytes.TrimSpace(must(os.ReadFile(os.Getenv("WXPAY_SERVE_TOKEN_FILE"))))
	request := must(http.NewRequest("POST", address+"/v1/media", picture))
	request.Header.Set("Authorization", "Bearer "+string(token))
	client := http.Client{Timeout: time.Minute}
	response := must(client.Do(request))
	var answer struct {
		MediaID string `json:"media_id"`
		Error   struct{ Message string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		log.Fatal(err)
	} else if answer.MediaID == "" {
		log.Fatal(answer.Error.Message)
	}
	fmt.Println(answer.MediaID)
}
