{{- define "harmonyhub.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "harmonyhub.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "harmonyhub.claim" -}}
{{ .Values.data.existingClaim | default (printf "%s-data" .Release.Name) }}
{{- end }}

{{- /* What every pod of ours has: no rights, no token of the cluster. */ -}}
{{- define "harmonyhub.pod" -}}
automountServiceAccountToken: false
# A Service called harmonyhub would otherwise put HARMONYHUB_PORT=tcp://... into every container.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- /* What every container of ours has, the environment included. */ -}}
{{- define "harmonyhub.container" -}}
image: {{ include "harmonyhub.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env:
  {{- range .Values.secrets.variables }}
  - name: {{ . }}_FILE
    value: /run/secrets/harmonyhub/{{ . }}
  {{- end }}
  {{- range $name, $value := .Values.settings }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
  {{- if .Values.music.existingClaim }}
  - {name: HARMONYHUB_MUSIC_DIR, value: /music}
  {{- end }}
volumeMounts:
  - {name: data, mountPath: /var/lib/harmonyhub}
  - {name: secrets, mountPath: /run/secrets/harmonyhub, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  {{- if .Values.music.existingClaim }}
  - {name: music, mountPath: /music, subPath: {{ .Values.music.subPath | quote }}, readOnly: true}
  {{- end }}
{{- end }}

{{- define "harmonyhub.volumes" -}}
- name: tmp
  emptyDir: {}
- name: secrets
  secret:
    secretName: {{ .Values.secrets.existing }}
    defaultMode: 0440
    items:
      {{- range .Values.secrets.variables }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}

{{- /* Read-only for the whole pod, or fsGroup would change the group of every file of music. */ -}}
{{- define "harmonyhub.music" -}}
{{- if .Values.music.existingClaim }}
- name: music
  persistentVolumeClaim:
    claimName: {{ .Values.music.existingClaim }}
    readOnly: true
{{- end }}
{{- end }}

{{- /* A ReadWriteOnce claim is mounted on one node: whoever comes second goes where the first is. */ -}}
{{- define "harmonyhub.affinity" -}}
{{- if eq .Values.data.accessMode "ReadWriteOnce" }}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "harmonyhub.labels" . | nindent 12 }}
            harmonyhub/data: shared
{{- end }}
{{- end }}
